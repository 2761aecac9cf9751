import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ErrorReason, type TokenSchema, TokenStatus, type WaitpointService } from "@windlass/proto";
import { CallFailure, createPushStream, type ServiceImplementation, status } from "@windlass/proto/grpc";

export type StoredToken = Extract<MessageInitShape<typeof TokenSchema>, { $typeName?: never }> & { id: string };

/** A WaitpointService in memory, whose tokens never time out by themselves. */
export function testWaitpointService(tokens: Map<string, StoredToken>): ServiceImplementation<typeof WaitpointService> {
  const find = (tokenId: string): StoredToken => {
    const token = tokens.get(tokenId);
    if (token === undefined) throw tokenNotFound(tokenId);
    return token;
  };
  return {
    createToken: async ({ idempotencyKey, tags, timeout }) => {
      const known = [...tokens.values()].find((token) => token.idempotencyKey === idempotencyKey);
      if (idempotencyKey !== "" && known !== undefined) return { token: known, isCached: true };
      const id = `token_${tokens.size + 1}`;
      const timeoutTime = timeout === undefined ? {} : { timeoutTime: timestampFromMs(durationMs(timeout)) };
      const token = { id, status: TokenStatus.PENDING, tags, idempotencyKey, ...timeoutTime };
      tokens.set(id, token);
      return { token, url: `http://127.0.0.1:1/${id}` };
    },
    completeToken: async ({ tokenId, data }) => {
      const token = find(tokenId);
      if (token.status === TokenStatus.PENDING)
        Object.assign(token, { status: TokenStatus.COMPLETED, ...(data !== undefined && { data }) });
      return { token };
    },
    getToken: async ({ tokenId }) => ({ token: find(tokenId) }),
    listTokens: async ({ pageSize, pageToken }) => {
      const all = [...tokens.values()].toReversed();
      const start = Number(pageToken);
      const end = start + (pageSize || 50);
      return { tokens: all.slice(start, end), nextPageToken: end < all.length ? String(end) : "" };
    },
    // The supervisor's way to wait; programs ask when they are resumed.
    awaitTokens: () => createPushStream(1),
  };
}

function tokenNotFound(tokenId: string): CallFailure {
  return new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.TOKEN_NOT_FOUND,
    message: `There is no token ${tokenId}.`,
  });
}

import { randomBytes } from "node:crypto";
import type { Clock, Queryable } from "@windlass/chassis";
import type { Token } from "@windlass/proto";
import { hashSecret } from "../auth/api-key.ts";
import { tokenToProto } from "../conversions/token-to-proto.ts";
import { newResourceId } from "../resource-id.ts";
import { insertToken } from "../store/insert-token.ts";
import { selectTokenByKey } from "../store/select-token.ts";
import type { ParsedToken } from "../validation/token-requests.ts";
import type { TokenAnnouncer } from "./announce-tokens.ts";
import { tokenPath } from "./token-url.ts";

/** What making tokens works with. */
export interface CreateTokenOptions {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly announceTokens: TokenAnnouncer;
  /** Where the cluster's HTTP is reached, for example "https://tasks.example.com"; undefined when it is not. */
  readonly httpUrl: () => string | undefined;
}

/** What CreateToken answers. */
export interface CreatedToken {
  readonly token: Token;
  readonly isCached: boolean;
  /** "" when the secret is not known any more, or useless. */
  readonly url: string;
}

const SECRET_BYTES = 24;

/** Makes a token, or finds the one that its idempotency key made. The secret is in the answer's url and nowhere else: a repeat after a lost answer has no url. */
export async function createToken(
  options: CreateTokenOptions,
  environmentId: string,
  { idempotencyKey, tags, timeoutMs }: ParsedToken,
): Promise<CreatedToken> {
  const { db, clock, announceTokens, httpUrl } = options;
  const id = newResourceId("token", clock.nowMs());
  // With the environment in it, since that is how a token is found, and nothing else in a bare POST names it.
  const secret = `${environmentId}.${randomBytes(SECRET_BYTES).toString("base64url")}`;
  const secretHash = hashSecret(secret);
  const row = await insertToken(db, { environmentId, id, secretHash, idempotencyKey, tags, timeoutMs });
  if (row !== undefined) {
    if (timeoutMs !== undefined) announceTokens.timed({ environmentId, tokenId: id }, timeoutMs);
    const base = httpUrl();
    return { token: tokenToProto(row), isCached: false, url: base === undefined ? "" : base + tokenPath(id, secret) };
  }
  const known = idempotencyKey === undefined ? undefined : await selectTokenByKey(db, environmentId, idempotencyKey);
  if (known === undefined) throw new Error("a token's idempotency key is taken by no token");
  return { token: tokenToProto(known), isCached: true, url: "" };
}

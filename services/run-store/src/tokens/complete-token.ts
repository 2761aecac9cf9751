import type { Queryable } from "@windlass/chassis";
import type { Token } from "@windlass/proto";
import { tokenToProto } from "../conversions/token-to-proto.ts";
import { tokenNotFound } from "../failures.ts";
import { completeToken as completeRow } from "../store/complete-token.ts";
import { selectToken } from "../store/select-token.ts";
import type { TokenRef } from "../store/token-row.ts";
import type { StoredContent } from "../validation/payload.ts";
import type { TokenAnnouncer } from "./announce-tokens.ts";

/** What completing tokens works with. */
export interface CompleteTokenOptions {
  readonly db: Queryable;
  readonly announceTokens: TokenAnnouncer;
}

/** Ends a token, unless it has ended, and gives it as it is now. One whose time has passed times out. Throws TOKEN_NOT_FOUND. */
export async function completeToken(
  { db, announceTokens }: CompleteTokenOptions,
  ref: TokenRef,
  content: StoredContent,
): Promise<Token> {
  const isEmpty = content.contentType === "";
  const row = await completeRow(db, ref, {
    data: isEmpty ? null : content.data,
    dataType: isEmpty ? null : content.contentType,
  });
  if (row !== undefined) {
    announceTokens.ended([ref]);
    return tokenToProto(row);
  }
  const ended = await selectToken(db, ref);
  if (ended === undefined) throw tokenNotFound(ref.tokenId);
  return tokenToProto(ended);
}

import type { Queryable } from "@windlass/chassis";
import type { Token } from "@windlass/proto";
import { tokenToProto } from "../conversions/token-to-proto.ts";
import { tokenNotFound } from "../failures.ts";
import * as store from "../store/list-tokens.ts";
import { selectToken } from "../store/select-token.ts";
import type { TokenRef } from "../store/token-row.ts";
import { type Page, pageToken } from "../validation/page.ts";
import { TOKEN_LIST } from "../validation/token-requests.ts";

/** Reads a token. Throws TOKEN_NOT_FOUND. */
export async function getToken(db: Queryable, ref: TokenRef): Promise<Token> {
  const row = await selectToken(db, ref);
  if (row === undefined) throw tokenNotFound(ref.tokenId);
  return tokenToProto(row);
}

/** A page of an environment's tokens, newest first, without data. */
export async function listTokens(
  db: Queryable,
  environmentId: string,
  page: Page,
): Promise<{ tokens: Token[]; nextPageToken: string }> {
  // One more than asked for tells whether there is a next page.
  const rows = await store.listTokens(db, { environmentId, afterId: page.afterId, limit: page.size + 1 });
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  return {
    tokens: shown.map((row) => tokenToProto(row)),
    nextPageToken: rows.length > shown.length && last !== undefined ? pageToken(last.id, TOKEN_LIST) : "",
  };
}

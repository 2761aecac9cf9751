import type { Queryable, Statement } from "@windlass/chassis";
import { TOKEN_COLUMNS, type TokenRow } from "./token-row.ts";

export const LIST_TOKENS: Statement = {
  name: "list_tokens",
  text: `
SELECT ${TOKEN_COLUMNS} FROM wait_tokens t
WHERE t.environment_id = $1 AND t.id < $2 COLLATE "C" ORDER BY t.id DESC LIMIT $3`,
};

/** Sorts after every id. */
const AFTER_ALL = "token_~";

/** Tokens of an environment, newest first, made before the one named. */
export function listTokens(
  db: Queryable,
  page: { readonly environmentId: string; readonly afterId: string | undefined; readonly limit: number },
): Promise<TokenRow[]> {
  return db.query<TokenRow>(LIST_TOKENS, [page.environmentId, page.afterId ?? AFTER_ALL, page.limit]);
}

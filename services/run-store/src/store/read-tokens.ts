import type { Queryable, Statement } from "@windlass/chassis";
import { isToken, TOKEN_COLUMNS, type TokenDataRow, type TokenRef } from "./token-row.ts";

/** A token whose data may be left out because those before it are already as much as one answer may hold. */
export type ReadTokenRow = TokenDataRow & { readonly is_cut: boolean };

/** What one answer of the database may hold; the first token goes however large it is. */
const MAX_BYTES = 4 * 1024 * 1024;

export const READ_TOKENS: Statement = {
  name: "read_tokens",
  text: `
SELECT ord, environment_id, id, status, idempotency_key, tags, create_time_us, timeout_time_us, finish_time_us, data_type,
  CASE WHEN bytes_before < ${MAX_BYTES} THEN data END AS data, data IS NOT NULL AND bytes_before >= ${MAX_BYTES} AS is_cut
FROM (
  SELECT q.ord::int4, ${TOKEN_COLUMNS}, t.data, t.data_type,
    sum(coalesce(octet_length(t.data), 0)) OVER (ORDER BY q.ord) - coalesce(octet_length(t.data), 0) AS bytes_before
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY q (environment_id, token_id, ord)
  JOIN wait_tokens t ON ${isToken("q.environment_id", "q.token_id")}
) found`,
};

/** For each: the token, or undefined when its environment has none of that id. */
export async function readTokens(db: Queryable, refs: readonly TokenRef[]): Promise<(ReadTokenRow | undefined)[]> {
  const rows = await db.query<ReadTokenRow & { ord: number }>(READ_TOKENS, [
    refs.map(({ environmentId }) => environmentId),
    refs.map(({ tokenId }) => tokenId),
  ]);
  const byOrdinal = new Map(rows.map((row) => [row.ord, row]));
  return refs.map((_, index) => byOrdinal.get(index + 1));
}

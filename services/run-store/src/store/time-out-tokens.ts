import type { Queryable, Statement } from "@windlass/chassis";
import { isToken, type TokenRef } from "./token-row.ts";

interface KeyRow {
  readonly environment_id: string;
  readonly id: string;
}

/** Hidden from the planner, like the conditions on times below: it would otherwise walk the index of all timeouts to come instead of the primary key. */
const IS_PENDING = "NULLIF(t.status, 'PENDING') IS NULL";

export const TIME_OUT_TOKENS: Statement = {
  name: "time_out_tokens",
  text: `
UPDATE wait_tokens t SET status = 'TIMED_OUT', finish_time = now()
FROM unnest($1::text[], $2::text[]) AS i (environment_id, token_id)
WHERE ${isToken("i.environment_id", "i.token_id")} AND ${IS_PENDING} AND (t.timeout_time <= now()) IS TRUE
RETURNING t.environment_id, t.id`,
};

export const SELECT_TOKEN_TIMEOUTS: Statement = {
  name: "select_token_timeouts",
  text: `
SELECT t.environment_id, t.id, ceil(date_part('epoch', t.timeout_time - now()) * 1000) AS due_in_ms
FROM unnest($1::text[], $2::text[]) AS i (environment_id, token_id)
JOIN wait_tokens t ON ${isToken("i.environment_id", "i.token_id")}
WHERE ${IS_PENDING} AND (t.timeout_time IS NULL) IS FALSE`,
};

const columns = (refs: readonly TokenRef[]) => [refs.map((ref) => ref.environmentId), refs.map((ref) => ref.tokenId)];

/** Ends those of the tokens that are pending and whose time has come by the database's clock; gives their keys. Sort by (environment, token). */
export async function timeOutTokens(db: Queryable, refs: readonly TokenRef[]): Promise<TokenRef[]> {
  const rows = await db.query<KeyRow>(TIME_OUT_TOKENS, columns(refs));
  return rows.map((row) => ({ environmentId: row.environment_id, tokenId: row.id }));
}

/** When those of the tokens that are pending time out, from now. */
export async function selectTokenTimeouts(
  db: Queryable,
  refs: readonly TokenRef[],
): Promise<(TokenRef & { readonly dueInMs: number })[]> {
  const rows = await db.query<KeyRow & { due_in_ms: number }>(SELECT_TOKEN_TIMEOUTS, columns(refs));
  return rows.map((row) => ({ environmentId: row.environment_id, tokenId: row.id, dueInMs: row.due_in_ms }));
}

import type { Queryable, Statement } from "@windlass/chassis";
import { isToken, TOKEN_COLUMNS, type TokenDataRow, type TokenRef } from "./token-row.ts";

/** What a token is completed with; nulls when with nothing. */
export interface TokenData {
  readonly data: Uint8Array | null;
  readonly dataType: string | null;
}

const IS_LATE = "((t.timeout_time <= now()) IS TRUE)";

// A completion that comes after the token's time is its timeout, whether or not the scheduler has been here: the clock decides, not who was quicker.
export const COMPLETE_TOKEN: Statement = {
  name: "complete_token",
  text: `
UPDATE wait_tokens t SET
  status = CASE WHEN ${IS_LATE} THEN 'TIMED_OUT' ELSE 'COMPLETED' END::token_status,
  data = CASE WHEN NOT ${IS_LATE} THEN $3::bytea END,
  data_type = CASE WHEN NOT ${IS_LATE} THEN $4::text END,
  finish_time = now()
WHERE ${isToken("$1", "$2")} AND t.status = 'PENDING'
RETURNING ${TOKEN_COLUMNS}, t.data, t.data_type`,
};

/** Ends a pending token; undefined when there is none (any more). Of several at the same time one finds it pending. */
export async function completeToken(
  db: Queryable,
  ref: TokenRef,
  { data, dataType }: TokenData,
): Promise<TokenDataRow | undefined> {
  const [row] = await db.query<TokenDataRow>(COMPLETE_TOKEN, [ref.environmentId, ref.tokenId, data, dataType]);
  return row;
}

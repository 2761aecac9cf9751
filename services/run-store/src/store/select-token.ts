import type { Queryable, Statement } from "@windlass/chassis";
import { isToken, TOKEN_COLUMNS, type TokenDataRow, type TokenRef } from "./token-row.ts";

export const SELECT_TOKEN: Statement = {
  name: "select_token",
  text: `SELECT ${TOKEN_COLUMNS}, t.data, t.data_type FROM wait_tokens t WHERE ${isToken("$1", "$2")}`,
};

export const SELECT_TOKEN_BY_KEY: Statement = {
  name: "select_token_by_key",
  text: `
SELECT ${TOKEN_COLUMNS}, t.data, t.data_type FROM wait_tokens t
WHERE t.environment_id = $1 AND t.idempotency_key = $2 AND t.idempotency_key IS NOT NULL`,
};

const SELECT_TOKEN_SECRET: Statement = {
  name: "select_token_secret",
  text: `SELECT t.secret_hash FROM wait_tokens t WHERE ${isToken("$1", "$2")}`,
};

export async function selectToken(db: Queryable, ref: TokenRef): Promise<TokenDataRow | undefined> {
  const [row] = await db.query<TokenDataRow>(SELECT_TOKEN, [ref.environmentId, ref.tokenId]);
  return row;
}

/** The token that an idempotency key made. */
export async function selectTokenByKey(
  db: Queryable,
  environmentId: string,
  idempotencyKey: string,
): Promise<TokenDataRow | undefined> {
  const [row] = await db.query<TokenDataRow>(SELECT_TOKEN_BY_KEY, [environmentId, idempotencyKey]);
  return row;
}

/** The SHA-256 of a token's secret. */
export async function selectTokenSecret(db: Queryable, ref: TokenRef): Promise<Buffer | undefined> {
  const [row] = await db.query<{ secret_hash: Buffer }>(SELECT_TOKEN_SECRET, [ref.environmentId, ref.tokenId]);
  return row?.secret_hash;
}

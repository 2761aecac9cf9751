import type { Queryable, Statement } from "@windlass/chassis";
import { TOKEN_COLUMNS, type TokenRow } from "./token-row.ts";

/** A token to be. */
export interface NewToken {
  readonly environmentId: string;
  readonly id: string;
  readonly secretHash: Buffer;
  /** Undefined: none. */
  readonly idempotencyKey: string | undefined;
  readonly tags: readonly string[];
  /** Undefined: it never times out. */
  readonly timeoutMs: number | undefined;
}

const INSERT_TOKEN: Statement = {
  name: "insert_token",
  text: `
INSERT INTO wait_tokens AS t (environment_id, id, status, secret_hash, idempotency_key, tags, create_time, timeout_time)
VALUES ($1, $2, 'PENDING', $3, $4, $5, now(), now() + $6::float8 * interval '1 millisecond')
ON CONFLICT (environment_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING ${TOKEN_COLUMNS}`,
};

/** Stores a token; undefined when its idempotency key has one already, and then nothing has changed. */
export async function insertToken(db: Queryable, token: NewToken): Promise<TokenRow | undefined> {
  const [row] = await db.query<TokenRow>(INSERT_TOKEN, [
    token.environmentId,
    token.id,
    token.secretHash,
    token.idempotencyKey ?? null,
    token.tags,
    token.timeoutMs ?? null,
  ]);
  return row;
}

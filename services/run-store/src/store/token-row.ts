import type { tokenStatus } from "./schema/waits.ts";
import { lookUp, microseconds } from "./sql.ts";

/** The word in the database. */
export type TokenStatusName = (typeof tokenStatus.enumValues)[number];

/** A token without its data. */
export interface TokenRow {
  readonly environment_id: string;
  readonly id: string;
  readonly status: TokenStatusName;
  readonly idempotency_key: string | null;
  readonly tags: string[];
  readonly create_time_us: number;
  readonly timeout_time_us: number | null;
  readonly finish_time_us: number | null;
}

/** A token with what it was completed with; nulls when there was nothing. */
export interface TokenDataRow extends TokenRow {
  readonly data: Buffer | null;
  readonly data_type: string | null;
}

/** Which token of which environment. */
export interface TokenRef {
  readonly environmentId: string;
  readonly tokenId: string;
}

/** Of `wait_tokens t`. */
export const TOKEN_COLUMNS = `t.environment_id, t.id, t.status, t.idempotency_key, t.tags, ${microseconds("t.create_time")} AS create_time_us,
  ${microseconds("t.timeout_time")} AS timeout_time_us, ${microseconds("t.finish_time")} AS finish_time_us`;

/** Looks `wait_tokens t` up by key. */
export function isToken(environmentId: string, tokenId: string): string {
  return `${lookUp("t.environment_id", environmentId)} AND ${lookUp("t.id", tokenId)}`;
}

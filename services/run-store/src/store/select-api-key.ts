import type { Queryable } from "@windlass/chassis";
import { API_KEY_COLUMNS, type ApiKeyRow } from "./environment-row.ts";

const statement = { name: "select_api_key", text: `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE hash = $1` };

/** The key with this SHA-256, revoked or not. */
export async function selectApiKey(db: Queryable, hash: Buffer): Promise<ApiKeyRow | undefined> {
  const [row] = await db.query<ApiKeyRow>(statement, [hash]);
  return row;
}

import type { Queryable } from "@windlass/chassis";
import { API_KEY_COLUMNS, type ApiKeyRow } from "./environment-row.ts";

const statement = {
  name: "insert_api_key",
  text: `
    INSERT INTO api_keys (id, environment_id, name, hash, last_four) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (hash) DO NOTHING
    RETURNING ${API_KEY_COLUMNS}`,
};

/** Stores a key; undefined when the very same key is stored already, and then nothing has changed. */
export async function insertApiKey(
  db: Queryable,
  key: Pick<ApiKeyRow, "id" | "environment_id" | "name" | "hash" | "last_four">,
): Promise<ApiKeyRow | undefined> {
  const [row] = await db.query<ApiKeyRow>(statement, [key.id, key.environment_id, key.name, key.hash, key.last_four]);
  return row;
}

import type { Queryable } from "@windlass/chassis";
import { API_KEY_COLUMNS, type ApiKeyRow } from "./environment-row.ts";

const statement = {
  name: "revoke_api_key",
  text: `
    UPDATE api_keys SET revoke_time = coalesce(revoke_time, now()) WHERE environment_id = $1 AND id = $2
    RETURNING ${API_KEY_COLUMNS}`,
};

/** Ends a key; one that has ended keeps its time. Undefined when the environment has no such key. */
export async function revokeApiKey(
  db: Queryable,
  environmentId: string,
  apiKeyId: string,
): Promise<ApiKeyRow | undefined> {
  const [row] = await db.query<ApiKeyRow>(statement, [environmentId, apiKeyId]);
  return row;
}

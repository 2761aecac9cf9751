import type { Queryable } from "@windlass/chassis";
import { API_KEY_COLUMNS, type ApiKeyRow } from "./environment-row.ts";

// Working keys first, so that however many were revoked since, each key that still opens the environment is shown and can be revoked.
const statement = {
  name: "list_api_keys",
  text: `
    SELECT * FROM (
      SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE environment_id = $1
      ORDER BY revoke_time IS NOT NULL, id DESC LIMIT $2
    ) k ORDER BY id DESC`,
};

/** The environment's keys, newest first: all that work, and the latest of those revoked. */
export function listApiKeys(db: Queryable, environmentId: string, limit: number): Promise<ApiKeyRow[]> {
  return db.query<ApiKeyRow>(statement, [environmentId, limit]);
}

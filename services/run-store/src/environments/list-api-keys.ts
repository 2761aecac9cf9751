import type { Queryable } from "@windlass/chassis";
import type { ApiKey } from "@windlass/proto";
import { apiKeyToProto } from "../conversions/environment-to-proto.ts";
import * as store from "../store/list-api-keys.ts";

/** How many keys a list shows, hence how many an environment may have that work. */
export const MAX_API_KEYS = 1000;

/** The environment's keys, newest first: all that work, and the latest of those revoked. */
export async function listApiKeys(db: Queryable, environmentId: string): Promise<ApiKey[]> {
  const rows = await store.listApiKeys(db, environmentId, MAX_API_KEYS);
  return rows.map(apiKeyToProto);
}

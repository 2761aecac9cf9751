import type { Queryable } from "@windlass/chassis";
import type { ApiKey } from "@windlass/proto";
import type { ApiKeyLookup } from "../auth/api-key-lookup.ts";
import { apiKeyToProto } from "../conversions/environment-to-proto.ts";
import { apiKeyNotFound } from "../failures.ts";
import * as store from "../store/revoke-api-key.ts";

/** Ends a key: at once for calls to this process, within 10 s for other replicas and open streams. Throws API_KEY_NOT_FOUND. */
export async function revokeApiKey(
  { postgres, apiKeys }: { readonly postgres: Queryable; readonly apiKeys: ApiKeyLookup },
  environmentId: string,
  apiKeyId: string,
): Promise<ApiKey> {
  const row = await store.revokeApiKey(postgres, environmentId, apiKeyId);
  if (row === undefined) throw apiKeyNotFound(apiKeyId);
  apiKeys.forget(row.hash);
  return apiKeyToProto(row);
}

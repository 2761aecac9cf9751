import { createApiKeySecret, hashSecret } from "../auth/api-key.ts";
import { newResourceId } from "../resource-id.ts";
import type { ApiKeyRow } from "../store/environment-row.ts";

/** A key to be stored, and its secret, which is not. */
export interface NewApiKey {
  readonly secret: string;
  readonly record: Pick<ApiKeyRow, "id" | "environment_id" | "name" | "hash" | "last_four">;
}

/** Makes a key for an environment, or the record of one that exists already. */
export function newApiKey(
  environment: { readonly id: string; readonly slug: string },
  name: string,
  nowMs: number,
  secret: string = createApiKeySecret(environment.slug),
): NewApiKey {
  return {
    secret,
    record: {
      id: newResourceId("key", nowMs),
      environment_id: environment.id,
      name,
      hash: hashSecret(secret),
      last_four: secret.slice(-4),
    },
  };
}

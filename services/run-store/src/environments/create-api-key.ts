import { type Clock, overloaded, type Postgres } from "@windlass/chassis";
import type { ApiKey } from "@windlass/proto";
import { apiKeyToProto } from "../conversions/environment-to-proto.ts";
import { environmentNotFound } from "../failures.ts";
import { countWorkingApiKeys } from "../store/count-working-api-keys.ts";
import { insertApiKey } from "../store/insert-api-key.ts";
import { lockEnvironment } from "../store/lock-environment.ts";
import { newApiKey } from "./api-key-record.ts";
import { MAX_API_KEYS } from "./list-api-keys.ts";

/** Makes another key. Throws OVERLOADED when the environment has 1,000 that work (all of which must fit into its list), ENVIRONMENT_NOT_FOUND. */
export async function createApiKey(
  { postgres, clock }: { readonly postgres: Postgres; readonly clock: Clock },
  environmentId: string,
  name: string,
): Promise<{ apiKey: ApiKey; secret: string }> {
  return postgres.transaction(async (tx) => {
    const environment = await lockEnvironment(tx, environmentId);
    if (environment === undefined) throw environmentNotFound(environmentId);
    if ((await countWorkingApiKeys(tx, environmentId)) >= MAX_API_KEYS)
      throw overloaded(`This environment has ${MAX_API_KEYS} API keys; revoke one that is not needed.`);
    const { secret, record } = newApiKey({ id: environmentId, slug: environment.slug }, name, clock.nowMs());
    const row = await insertApiKey(tx, record);
    if (row === undefined) throw new Error("a random API key was made twice");
    return { apiKey: apiKeyToProto(row), secret };
  });
}

import type { Clock, Postgres } from "@windlass/chassis";
import type { Environment } from "@windlass/proto";
import { environmentToProto } from "../conversions/environment-to-proto.ts";
import { environmentExists } from "../failures.ts";
import { newResourceId } from "../resource-id.ts";
import { insertApiKey } from "../store/insert-api-key.ts";
import { insertEnvironment } from "../store/insert-environment.ts";
import type { ParsedEnvironment } from "../validation/environment-requests.ts";
import { newApiKey } from "./api-key-record.ts";

/** What the first key of an environment is called. */
const FIRST_KEY_NAME = "first";

/** Makes an environment with its first key, both or neither. Throws ENVIRONMENT_EXISTS. */
export async function createEnvironment(
  { postgres, clock }: { readonly postgres: Postgres; readonly clock: Clock },
  { slug, type, project }: ParsedEnvironment,
): Promise<{ environment: Environment; secret: string }> {
  const nowMs = clock.nowMs();
  const id = newResourceId("env", nowMs);
  const { secret, record } = newApiKey({ id, slug }, FIRST_KEY_NAME, nowMs);
  const row = await postgres.transaction(async (tx) => {
    const inserted = await insertEnvironment(tx, { id, slug, type, project });
    if (inserted === undefined) throw environmentExists(slug);
    await insertApiKey(tx, record);
    return inserted;
  });
  return { environment: environmentToProto(row), secret };
}

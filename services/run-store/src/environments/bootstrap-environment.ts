import type { Clock, Logger, Postgres } from "@windlass/chassis";
import { EnvironmentType } from "@windlass/proto";
import { slugOfApiKey } from "../auth/api-key.ts";
import { newResourceId } from "../resource-id.ts";
import { insertApiKey } from "../store/insert-api-key.ts";
import { insertEnvironment } from "../store/insert-environment.ts";
import { selectApiKey } from "../store/select-api-key.ts";
import { selectEnvironmentBySlug } from "../store/select-environment.ts";
import { type ParsedEnvironment, parseCreateEnvironment } from "../validation/environment-requests.ts";
import { newApiKey } from "./api-key-record.ts";

/** The environment and key that a new cluster is made with, so that it can be used before anybody has made a call. */
export interface Bootstrap {
  readonly environment: ParsedEnvironment;
  readonly apiKey: string;
}

const KEY_NAME = "bootstrap";
const TYPES: Readonly<Record<string, EnvironmentType>> = {
  development: EnvironmentType.DEVELOPMENT,
  staging: EnvironmentType.STAGING,
  production: EnvironmentType.PRODUCTION,
};

/**
 * Reads WINDLASS_BOOTSTRAP_ENVIRONMENT ("slug:type:project", type one of development, staging, production) and WINDLASS_BOOTSTRAP_API_KEY
 * ("wl_<slug>_" and 32 characters of A-Z a-z 0-9). Throws an Error that says what is wrong, never with the key in it.
 */
export function parseBootstrap(environment: string, apiKey: string): Bootstrap {
  const [slug = "", type = "", project = "", ...rest] = environment.split(":");
  const typeNumber = TYPES[type];
  if (rest.length > 0 || typeNumber === undefined)
    throw new Error('must be "slug:type:project" with the type development, staging or production');
  const parsed = parseCreateEnvironment({ slug, type: typeNumber, project });
  if (slugOfApiKey(apiKey) !== slug)
    throw new Error(`the API key must be "wl_${slug}_" and 32 characters of A-Z a-z 0-9`);
  return { environment: parsed, apiKey };
}

/**
 * Makes sure that the environment and its key exist. Changes nothing that exists: an environment of that slug keeps its type and project, a key that was revoked
 * stays revoked. Replicas may do it at the same time. Throws when the key belongs to another environment.
 */
export async function bootstrapEnvironment(
  { postgres, clock, logger }: { readonly postgres: Postgres; readonly clock: Clock; readonly logger: Logger },
  { environment, apiKey }: Bootstrap,
): Promise<void> {
  const { slug, type, project } = environment;
  const nowMs = clock.nowMs();
  await postgres.transaction(async (tx) => {
    const row =
      (await insertEnvironment(tx, { id: newResourceId("env", nowMs), slug, type, project })) ??
      (await selectEnvironmentBySlug(tx, slug));
    if (row === undefined) throw new Error(`the environment ${slug} is there and cannot be read`);
    if (row.type !== type || row.project !== project)
      logger.warn("bootstrap environment exists with another type or project", {
        slug,
        type: row.type,
        project: row.project,
      });
    const { record } = newApiKey(row, KEY_NAME, nowMs, apiKey);
    const key = (await insertApiKey(tx, record)) ?? (await selectApiKey(tx, record.hash));
    if (key?.environment_id !== row.id)
      throw new Error(`the bootstrap API key belongs to another environment than ${slug}`);
    if (key.revoke_time !== null) logger.warn("bootstrap API key has been revoked", { slug, apiKeyId: key.id });
  });
}

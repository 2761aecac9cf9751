import type { Clock, Postgres, ServiceCall } from "@windlass/chassis";
import type { EnvironmentService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import type { ApiKeyLookup } from "../auth/api-key-lookup.ts";
import { createApiKey } from "../environments/create-api-key.ts";
import { createEnvironment } from "../environments/create-environment.ts";
import { getEnvironment } from "../environments/get-environment.ts";
import { countByTier } from "../supervisors/count-by-tier.ts";
import { listApiKeys } from "../environments/list-api-keys.ts";
import { revokeApiKey } from "../environments/revoke-api-key.ts";
import { setConcurrencyLimit } from "../environments/set-concurrency-limit.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import { parseCreateApiKey, parseCreateEnvironment, parseRevokeApiKey } from "../validation/environment-requests.ts";
import { parseSetConcurrencyLimit } from "../validation/queue-requests.ts";
import {
  parseDeleteVariables,
  parseGetVariable,
  parseSetVariables,
  parseUpdateVariable,
} from "../validation/variable-requests.ts";
import { deleteVariables, setVariables } from "../variables/change-variables.ts";
import { readVariable, readVariables } from "../variables/read-variables.ts";
import type { SecretsKeyring } from "../variables/secrets-keyring.ts";
import type { VariablesRevisions } from "../variables/variables-revisions.ts";
import { environmentOf } from "./caller.ts";

/** What the handlers of EnvironmentService work with. */
export interface EnvironmentServiceOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly apiKeys: ApiKeyLookup;
  readonly keyring: SecretsKeyring;
  readonly variablesRevisions: VariablesRevisions;
  readonly queueNews: QueueAnnouncer;
}

export function createEnvironmentService(
  options: EnvironmentServiceOptions,
): ServiceImplementation<typeof EnvironmentService, ServiceCall> {
  const reading = { db: options.postgres, keyring: options.keyring };
  return {
    getEnvironment: async (_, call) => ({
      environment: await getEnvironment(options.postgres, environmentOf(call)),
      supervisorsByTier: await countByTier(options.postgres),
    }),
    createEnvironment: async (request) => {
      const { environment, secret } = await createEnvironment(options, parseCreateEnvironment(request));
      return { environment, apiKey: secret };
    },
    createApiKey: async (request, call) => createApiKey(options, environmentOf(call), parseCreateApiKey(request).name),
    listApiKeys: async (_, call) => ({ apiKeys: await listApiKeys(options.postgres, environmentOf(call)) }),
    revokeApiKey: async (request, call) => ({
      apiKey: await revokeApiKey(options, environmentOf(call), parseRevokeApiKey(request).apiKeyId),
    }),
    setVariables: async (request, call) => {
      await setVariables(options, environmentOf(call), parseSetVariables(request));
      return {};
    },
    updateVariable: async (request, call) => {
      await setVariables(options, environmentOf(call), parseUpdateVariable(request));
      return {};
    },
    getVariable: async (request, call) => readVariable(reading, environmentOf(call), parseGetVariable(request).name),
    listVariables: async ({ withSecretValues }, call) => {
      const { values, secretNames } = await readVariables(reading, environmentOf(call), withSecretValues);
      return { variables: values, secretNames };
    },
    deleteVariables: async (request, call) => {
      await deleteVariables(options, environmentOf(call), parseDeleteVariables(request));
      return {};
    },
    setConcurrencyLimit: async (request, call) => ({
      environment: await setConcurrencyLimit(options, environmentOf(call), parseSetConcurrencyLimit(request)),
    }),
  };
}

import { address, commaList, commonVariables, loadConfig, variable } from "@windlass/chassis";
import { z } from "zod";
import { type Bootstrap, parseBootstrap } from "./environments/bootstrap-environment.ts";
import { createSecretsKeyring } from "./variables/secrets-keyring.ts";

/** Everything the run-store reads from its environment; `--help` prints it. */
const runStoreVariables = {
  ...commonVariables,
  WINDLASS_LISTEN: variable(address("listen").default("127.0.0.1:7070"), {
    description: "Where programs, the queue, the scheduler and supervisors connect, and where health is served.",
  }),
  WINDLASS_HTTP_LISTEN: variable(address("listen").default("127.0.0.1:7080"), {
    description: "Where wait tokens are completed over HTTP.",
  }),
  WINDLASS_PUBLIC_HTTP_URL: variable(z.url({ protocol: /^https?$/ }).optional(), {
    description: "How callers outside reach WINDLASS_HTTP_LISTEN, for the urls of wait tokens; unset: by that address.",
  }),
  DATABASE_URL: variable(z.url({ protocol: /^postgres(?:ql)?$/ }), {
    description: "The PostgreSQL database (15 or newer) that holds everything; the run-store makes its tables.",
    secret: true,
  }),
  NATS_URL: variable(commaList().optional(), {
    description: "nats-servers with JetStream, separated by commas; unset: one replica, no notices to the outside.",
  }),
  WINDLASS_ADMIN_TOKEN: variable(z.string().min(16).optional(), {
    description: "Allows to create environments, at least 16 characters; unset: nobody can.",
    secret: true,
  }),
  WINDLASS_SECRETS_KEYS: variable(commaList().superRefine(checkSecretsKeys), {
    description:
      "What environment variables are encrypted with: keys of 32 bytes in base64, separated by commas; the first encrypts, all decrypt.",
    secret: true,
  }),
  WINDLASS_BOOTSTRAP_ENVIRONMENT: variable(z.string().optional(), {
    description: "An environment to make at the start, slug:type:project; type: development, staging or production.",
  }),
  WINDLASS_BOOTSTRAP_API_KEY: variable(z.string().optional(), {
    description: "Its key: wl_<slug>_ and 32 characters of A-Z a-z 0-9. Set both or none.",
    secret: true,
  }),
};

export type RunStoreConfig = ReturnType<typeof readConfig>;

/** Reads the environment; exits the process when it cannot be used (see loadConfig). */
export function readConfig() {
  const config = loadConfig("run-store", runStoreVariables);
  try {
    const { WINDLASS_BOOTSTRAP_ENVIRONMENT: environment, WINDLASS_BOOTSTRAP_API_KEY: apiKey } = config;
    return { ...config, bootstrap: readBootstrap(environment, apiKey) };
  } catch (error) {
    console.error(`run-store cannot start:\n  WINDLASS_BOOTSTRAP_ENVIRONMENT: ${(error as Error).message}`);
    process.exit(2);
  }
}

function checkSecretsKeys(keys: readonly string[], context: z.RefinementCtx): void {
  try {
    createSecretsKeyring(keys);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
}

function readBootstrap(environment: string | undefined, apiKey: string | undefined): Bootstrap | undefined {
  if (environment === undefined && apiKey === undefined) return undefined;
  if (environment === undefined || apiKey === undefined)
    throw new Error("must be set together with WINDLASS_BOOTSTRAP_API_KEY");
  return parseBootstrap(environment, apiKey);
}

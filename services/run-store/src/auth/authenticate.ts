import { timingSafeEqual } from "node:crypto";
import type { Principal } from "@windlass/chassis";
import { apiKeyInvalid, notPermitted } from "../failures.ts";
import { hashSecret, slugOfApiKey } from "./api-key.ts";
import type { ApiKeyLookup } from "./api-key-lookup.ts";

/** Who may call what: the token of a call, "windlass.v1.RunService/GetRun", and who is calling. */
export type Authenticate = (token: string | undefined, method: string) => Promise<Principal>;

const CREATE_ENVIRONMENT = "windlass.v1.EnvironmentService/CreateEnvironment";

/**
 * Decides by the credential alone. `windlass.v1` takes API keys, its CreateEnvironment the admin token; `windlass.internal.v1` takes the internal token;
 * anything else (reflection) takes any of them. Throws API_KEY_INVALID for no credential of ours, NOT_PERMITTED for one of the wrong kind, NOT_READY when
 * the keys cannot be read. Without an admin token nobody can make environments by a call.
 */
export function createAuthenticator(options: {
  readonly apiKeys: ApiKeyLookup;
  readonly internalToken: string;
  readonly adminToken: string | undefined;
}): Authenticate {
  const { apiKeys } = options;
  // Hashes have one length, which makes the comparison's time independent of the token.
  const internalHash = hashSecret(options.internalToken);
  const adminHash = options.adminToken === undefined ? undefined : hashSecret(options.adminToken);

  return async (token, method) => {
    if (token === undefined || token === "") throw apiKeyInvalid("The call carries no credential.");
    const hash = hashSecret(token);
    const isInternal = timingSafeEqual(hash, internalHash);
    const isAdmin = adminHash !== undefined && timingSafeEqual(hash, adminHash);
    const needed = neededKind(method);
    if (isInternal && (needed === "internal" || needed === "any")) return { kind: "internal" };
    if (isAdmin && (needed === "admin" || needed === "any")) return { kind: "admin" };
    if (isInternal || isAdmin) throw notPermitted(method, WANTED[needed]);

    const environmentId = slugOfApiKey(token) === undefined ? undefined : await apiKeys.findEnvironmentId(hash);
    if (environmentId === undefined) throw apiKeyInvalid("The credential is unknown or has been revoked.");
    if (needed === "environment" || needed === "any") return { kind: "environment", environmentId };
    throw notPermitted(method, WANTED[needed]);
  };
}

const WANTED = {
  environment: "an environment's API key",
  admin: "the admin token",
  internal: "the internal token",
  any: "a credential",
} as const;

function neededKind(method: string): keyof typeof WANTED {
  if (method.startsWith("windlass.internal.v1.")) return "internal";
  if (method === CREATE_ENVIRONMENT) return "admin";
  return method.startsWith("windlass.v1.") ? "environment" : "any";
}

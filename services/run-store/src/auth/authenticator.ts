import { apiKeyInvalid, type Authenticate, notPermitted, type Principal, tokenMatcher } from "@windlass/chassis";
import { hashSecret, slugOfApiKey } from "./api-key.ts";
import type { ApiKeyLookup } from "./api-key-lookup.ts";

/** Says who calls, at the start of a call and while it lasts. */
export interface Authenticator {
  /**
   * By the credential alone: `windlass.v1` takes API keys, its CreateEnvironment the admin token; `windlass.internal.v1` takes the internal token; anything else
   * (reflection) takes any of them. Throws API_KEY_INVALID for what is no credential of ours, NOT_PERMITTED for one of the wrong kind, NOT_READY when the
   * keys cannot be read.
   */
  readonly authenticate: Authenticate;
  /** Asks the same again for a call that goes on. */
  confirm(principal: Principal, method: string): Promise<void>;
}

type Kind = Principal["kind"];

const CREATE_ENVIRONMENT = "windlass.v1.EnvironmentService/CreateEnvironment";

/** Without an admin token nobody can make environments by a call. */
export function createAuthenticator(options: {
  readonly apiKeys: ApiKeyLookup;
  readonly internalToken: string;
  readonly adminToken: string | undefined;
}): Authenticator {
  const isInternal = tokenMatcher(options.internalToken);
  const isAdmin = options.adminToken === undefined ? () => false : tokenMatcher(options.adminToken);
  const tokens = new WeakMap<Principal, string>();

  const environmentOf = async (token: string): Promise<string | undefined> =>
    slugOfApiKey(token) === undefined ? undefined : options.apiKeys.findEnvironmentId(hashSecret(token));

  const identify = async (token: string, kinds: readonly Kind[]): Promise<Principal | undefined> => {
    if (kinds.includes("internal") && isInternal(token)) return { kind: "internal" };
    if (kinds.includes("admin") && isAdmin(token)) return { kind: "admin" };
    if (!kinds.includes("environment")) return undefined;
    const environmentId = await environmentOf(token);
    return environmentId === undefined ? undefined : { kind: "environment", environmentId };
  };

  const authenticate: Authenticate = async (token, method) => {
    if (token === undefined) throw apiKeyInvalid();
    const permitted = permittedKinds(method);
    const principal = await identify(token, permitted);
    if (principal === undefined) {
      const others = ALL_KINDS.filter((kind) => !permitted.includes(kind));
      throw (await identify(token, others)) === undefined ? apiKeyInvalid() : notPermitted(method);
    }
    tokens.set(principal, token);
    return principal;
  };

  return {
    authenticate,
    confirm: async (principal, method) => void (await authenticate(tokens.get(principal), method)),
  };
}

const ALL_KINDS: readonly Kind[] = ["internal", "admin", "environment"];

function permittedKinds(method: string): readonly Kind[] {
  if (method.startsWith("windlass.internal.v1.")) return ["internal"];
  if (method === CREATE_ENVIRONMENT) return ["admin"];
  return method.startsWith("windlass.v1.") ? ["environment"] : ALL_KINDS;
}

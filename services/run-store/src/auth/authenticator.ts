import { apiKeyInvalid, type Authenticate, notPermitted, type Principal, tokenMatcher } from "@windlass/chassis";
import { hashSecret, slugOfApiKey } from "./api-key.ts";
import { environmentNotFound } from "../failures.ts";
import type { ApiKeyLookup } from "./api-key-lookup.ts";
import type { EnvironmentLookup } from "./environment-lookup.ts";
import type { PublicAccess } from "./public-access.ts";
import { isPublicToken } from "./public-token.ts";

/** Says who calls, at the start of a call and while it lasts. */
export interface Authenticator {
  /**
   * By the credential alone: `windlass.v1` takes API keys, its calls that read a run also public access tokens, its CreateEnvironment the admin token; `windlass.internal.v1` takes the internal token; anything else
   * (reflection) takes any of them but public access tokens. With the internal token, a service may call TaskService, RunService and WaitpointService for an environment that it names; then it is
   * that environment's principal, and anything else is NOT_PERMITTED. Throws API_KEY_INVALID for what is no credential of ours, NOT_PERMITTED for one of the wrong kind, NOT_READY when the
   * keys cannot be read, ENVIRONMENT_NOT_FOUND for an environment to act for that is none.
   */
  readonly authenticate: Authenticate;
  /** Asks the same again for a call that goes on. */
  confirm(principal: Principal, method: string): Promise<void>;
}

type Kind = Principal["kind"];

/** What a task may do through its supervisor. */
const OPEN_TO_TASKS = ["windlass.v1.TaskService/", "windlass.v1.RunService/", "windlass.v1.WaitpointService/"];

/** What a public access token may be used for. Each of these looks at which runs it names. */
const OPEN_TO_PUBLIC: ReadonlySet<string> = new Set([
  "windlass.v1.RunService/GetRun",
  "windlass.v1.RunService/WatchRun",
  "windlass.v1.RunService/AwaitRuns",
]);

const CREATE_ENVIRONMENT = "windlass.v1.EnvironmentService/CreateEnvironment";

/** Without an admin token nobody can make environments by a call. */
export function createAuthenticator(options: {
  readonly apiKeys: ApiKeyLookup;
  readonly environments: EnvironmentLookup;
  readonly publicAccess: PublicAccess;
  readonly internalToken: string;
  readonly adminToken: string | undefined;
}): Authenticator {
  const isInternal = tokenMatcher(options.internalToken);
  const isAdmin = options.adminToken === undefined ? () => false : tokenMatcher(options.adminToken);
  const credentials = new WeakMap<Principal, { readonly token: string; readonly actingFor: string | undefined }>();

  const environmentOf = async (token: string): Promise<string | undefined> =>
    slugOfApiKey(token) === undefined ? undefined : options.apiKeys.findEnvironmentId(hashSecret(token));

  const identify = async (token: string, kinds: readonly Kind[]): Promise<Principal | undefined> => {
    if (kinds.includes("internal") && isInternal(token)) return { kind: "internal" };
    if (kinds.includes("admin") && isAdmin(token)) return { kind: "admin" };
    if (isPublicToken(token)) return kinds.includes("public") ? options.publicAccess.identify(token) : undefined;
    if (!kinds.includes("environment")) return undefined;
    const environmentId = await environmentOf(token);
    return environmentId === undefined ? undefined : { kind: "environment", environmentId };
  };

  const admit = async (token: string, method: string): Promise<Principal> => {
    const permitted = permittedKinds(method);
    const principal = await identify(token, permitted);
    if (principal !== undefined) return principal;
    const others = ALL_KINDS.filter((kind) => !permitted.includes(kind));
    throw (await identify(token, others)) === undefined ? apiKeyInvalid() : notPermitted(method);
  };

  const admitFor = async (environmentId: string, token: string, method: string): Promise<Principal> => {
    if (!isInternal(token) || !OPEN_TO_TASKS.some((service) => method.startsWith(service))) {
      throw (await identify(token, ALL_KINDS)) === undefined ? apiKeyInvalid() : notPermitted(method);
    }
    if (!(await options.environments.exists(environmentId))) throw environmentNotFound(environmentId);
    return { kind: "environment", environmentId };
  };

  const authenticate: Authenticate = async (token, method, actingFor) => {
    if (token === undefined) throw apiKeyInvalid();
    const principal = await (actingFor === undefined ? admit(token, method) : admitFor(actingFor, token, method));
    credentials.set(principal, { token, actingFor });
    return principal;
  };

  return {
    authenticate,
    confirm: async (principal, method) => {
      const credential = credentials.get(principal);
      await authenticate(credential?.token, method, credential?.actingFor);
    },
  };
}

const ALL_KINDS: readonly Kind[] = ["internal", "admin", "environment", "public"];

function permittedKinds(method: string): readonly Kind[] {
  if (method.startsWith("windlass.internal.v1.")) return ["internal"];
  if (method === CREATE_ENVIRONMENT) return ["admin"];
  if (OPEN_TO_PUBLIC.has(method)) return ["environment", "public"];
  return method.startsWith("windlass.v1.") ? ["environment"] : ["internal", "admin", "environment"];
}

import { createFakeClock, type Principal } from "@windlass/chassis";
import { CallFailure, reasonName } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { createApiKeySecret, hashSecret, slugOfApiKey } from "./api-key.ts";
import { createApiKeyLookup } from "./api-key-lookup.ts";
import { createAuthenticator } from "./authenticator.ts";
import { createEnvironmentLookup } from "./environment-lookup.ts";
import { createPublicAccess } from "./public-access.ts";
import { signPublicToken } from "../testing/sign-public-token.ts";

const API_KEY = createApiKeySecret("prod");
const lookup = createApiKeyLookup({
  clock: createFakeClock(),
  find: (hash) => Promise.resolve(hash.equals(hashSecret(API_KEY)) ? "env_1" : undefined),
});
const environments = createEnvironmentLookup({
  clock: createFakeClock(),
  find: (environmentId) => Promise.resolve(environmentId === "env_1"),
});
const publicAccess = createPublicAccess({
  findKeyHash: ({ environmentSlug }) => Promise.resolve(environmentSlug === "prod" ? hashSecret(API_KEY) : undefined),
  apiKeys: lookup,
  clock: createFakeClock(),
});
const authenticator = createAuthenticator({
  apiKeys: lookup,
  environments,
  publicAccess,
  internalToken: "internal-token",
  adminToken: "admin-token",
});
const { authenticate } = authenticator;

async function verdict(token: string | undefined, method: string, actingFor?: string): Promise<Principal | string> {
  try {
    return await authenticate(token, method, actingFor);
  } catch (error) {
    if (error instanceof CallFailure) return reasonName(error.reason);
    throw error;
  }
}

const ENVIRONMENT: Principal = { kind: "environment", environmentId: "env_1" };
const UNKNOWN_KEY = `wl_prod_${"A".repeat(32)}`;

describe("who may call what", () => {
  it.each<[string, Record<string, Principal | string>]>([
    [
      "windlass.v1.RunService/GetRun",
      {
        [API_KEY]: ENVIRONMENT,
        "admin-token": "NOT_PERMITTED",
        "internal-token": "NOT_PERMITTED",
        [UNKNOWN_KEY]: "API_KEY_INVALID",
        junk: "API_KEY_INVALID",
        "": "API_KEY_INVALID",
      },
    ],
    [
      "windlass.v1.EnvironmentService/CreateEnvironment",
      {
        [API_KEY]: "NOT_PERMITTED",
        "admin-token": { kind: "admin" },
        "internal-token": "NOT_PERMITTED",
        [UNKNOWN_KEY]: "API_KEY_INVALID",
        junk: "API_KEY_INVALID",
      },
    ],
    [
      "windlass.internal.v1.RunQueueService/ClaimRuns",
      {
        [API_KEY]: "NOT_PERMITTED",
        "admin-token": "NOT_PERMITTED",
        "internal-token": { kind: "internal" },
        [UNKNOWN_KEY]: "API_KEY_INVALID",
        junk: "API_KEY_INVALID",
      },
    ],
    [
      "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      {
        [API_KEY]: ENVIRONMENT,
        "admin-token": { kind: "admin" },
        "internal-token": { kind: "internal" },
        [UNKNOWN_KEY]: "API_KEY_INVALID",
        junk: "API_KEY_INVALID",
      },
    ],
  ])("%s", async (method, verdicts) => {
    for (const [token, expected] of Object.entries(verdicts))
      expect([token, await verdict(token, method)]).toEqual([token, expected]);
    expect(await verdict(undefined, method)).toBe("API_KEY_INVALID");
  });

  it("nobody makes environments when there is no admin token", async () => {
    const { authenticate: withoutAdmin } = createAuthenticator({
      apiKeys: lookup,
      environments,
      publicAccess,
      internalToken: "internal-token",
      adminToken: undefined,
    });
    await expect(withoutAdmin("undefined", "windlass.v1.EnvironmentService/CreateEnvironment")).rejects.toThrow(
      "credential",
    );
    await expect(withoutAdmin(API_KEY, "windlass.v1.EnvironmentService/CreateEnvironment")).rejects.toThrow(
      "does not allow",
    );
  });
});

describe("a public access token", () => {
  const token = signPublicToken(API_KEY, ["run_1"]);
  const forged = signPublicToken(UNKNOWN_KEY, ["run_1"]);

  it.each(["GetRun", "WatchRun", "AwaitRuns"])("is taken by %s, for the runs that it names", async (method) => {
    const principal = { kind: "public", environmentId: "env_1", runIds: new Set(["run_1"]) };
    expect(await verdict(token, `windlass.v1.RunService/${method}`)).toEqual(principal);
    expect(await verdict(forged, `windlass.v1.RunService/${method}`)).toBe("API_KEY_INVALID");
  });

  it.each([
    "windlass.v1.RunService/ListRuns",
    "windlass.v1.RunService/CancelRun",
    "windlass.v1.RunService/UpdateRun",
    "windlass.v1.TaskService/TriggerTask",
    "windlass.v1.WaitpointService/GetToken",
    "windlass.v1.DeploymentService/GetCurrentDeployment",
    "windlass.v1.EnvironmentService/CreateEnvironment",
    "windlass.internal.v1.RunQueueService/ClaimRuns",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "windlass.v1.AnotherService/AddedLater",
  ])("is refused by %s", async (method) => {
    expect(await verdict(token, method)).toBe("NOT_PERMITTED");
    expect(await verdict(forged, method)).toBe("API_KEY_INVALID");
  });

  it("may not act for an environment, not even its own", async () => {
    expect(await verdict(token, "windlass.v1.RunService/GetRun", "env_1")).toBe("NOT_PERMITTED");
  });
});

describe("a service that acts for an environment", () => {
  it.each(["TaskService/TriggerTask", "RunService/AwaitRuns", "WaitpointService/CompleteToken"])(
    "is that environment's principal for %s",
    async (method) => {
      expect(await verdict("internal-token", `windlass.v1.${method}`, "env_1")).toEqual(ENVIRONMENT);
      expect(await verdict("internal-token", `windlass.v1.${method}`, "env_none")).toBe("ENVIRONMENT_NOT_FOUND");
      expect(await verdict("internal-token", `windlass.v1.${method}`)).toBe("NOT_PERMITTED");
    },
  );

  it.each([
    "windlass.v1.EnvironmentService/SetVariables",
    "windlass.v1.DeploymentService/CreateDeployment",
    "windlass.internal.v1.ExecutionService/GetVariables",
    "windlass.v1.TaskServiceOfAnotherName/TriggerTask",
  ])("is nobody for %s", async (method) => {
    expect(await verdict("internal-token", method, "env_1")).toBe("NOT_PERMITTED");
  });

  it("must be one of the cluster's own: no other credential may name an environment, not even its own", async () => {
    for (const token of [API_KEY, "admin-token"])
      expect(await verdict(token, "windlass.v1.RunService/GetRun", "env_1")).toBe("NOT_PERMITTED");
    for (const token of [UNKNOWN_KEY, "junk", undefined])
      expect(await verdict(token, "windlass.v1.RunService/GetRun", "env_1")).toBe("API_KEY_INVALID");
  });

  it("is confirmed as what it was while its stream stays open", async () => {
    const method = "windlass.v1.RunService/AwaitRuns";
    const principal = await authenticate("internal-token", method, "env_1");
    await expect(authenticator.confirm(principal, method)).resolves.toBeUndefined();
  });
});

it("an environment that was not there is asked for again after a second, a known one is remembered", async () => {
  const clock = createFakeClock();
  let asked = 0;
  let isThere = false;
  const lookup = createEnvironmentLookup({ clock, find: () => (asked++, Promise.resolve(isThere)) });
  expect([await lookup.exists("env_1"), await lookup.exists("env_1"), asked]).toEqual([false, false, 1]);
  isThere = true;
  await clock.advance(1_000);
  expect([await lookup.exists("env_1"), await lookup.exists("env_1"), asked]).toEqual([true, true, 2]);
});

describe("an API key", () => {
  it("names its environment and is random", () => {
    expect(API_KEY).toMatch(/^wl_prod_[A-Za-z0-9]{32}$/);
    expect(slugOfApiKey(API_KEY)).toBe("prod");
    expect(createApiKeySecret("prod")).not.toBe(API_KEY);
  });

  it.each([
    "",
    "wl_prod_short",
    `wl_Prod_${"A".repeat(32)}`,
    `wl_${"x".repeat(65)}_${"A".repeat(32)}`,
    `${API_KEY}x`,
    `${API_KEY}\n`,
    `x${API_KEY}`,
  ])("is not %j", (text) => {
    expect(slugOfApiKey(text)).toBeUndefined();
  });
});

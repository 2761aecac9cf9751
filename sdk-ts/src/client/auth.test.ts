import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { auth, close, configure, type PublicTokenOptions } from "../index.ts";
import { createTokenSigner } from "./public-token.ts";
import { createRunHandle } from "./run-handle.ts";
import { workerConnection } from "./worker-connection.ts";

const API_KEY = `wl_prod_${"A".repeat(32)}`;
const NOW_MS = Date.UTC(2030, 0, 1);
const NOW_S = NOW_MS / 1_000;
/** Nobody listens there: nothing here makes a call. */
const url = "127.0.0.1:1";

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS, toFake: ["Date"] });
  configure({ url, apiKey: API_KEY });
});

afterEach(async () => {
  vi.useRealTimers();
  workerConnection.current = undefined;
  configure({});
  await close();
});

function payloadOf(token: string | undefined): Record<string, unknown> {
  const encoded = token?.split(".")[0]?.slice("wlp_".length) ?? "";
  return JSON.parse(Buffer.from(encoded, "base64url").toString()) as Record<string, unknown>;
}

/** The run-store's own tests say the same of these: both sides mean one format. */
it("a public access token of a known key is known to the last character", () => {
  const token = createTokenSigner(API_KEY)?.({ runIds: ["run_1"], expireTime: 2_000_000_000 });
  expect(JSON.stringify(payloadOf(token))).toBe(
    '{"environment":"prod","key":"AviGIzrQlzSnzPqD","scopes":{"read":{"runs":["run_1"]}},"expireTime":2000000000}',
  );
  expect(token?.split(".")[1]).toBe("9asp1YWMfEc9Xshw1aiUzv3aQFlinFhsSlby8Et8_ds");
});

describe("auth.createPublicToken", () => {
  it("names the runs, and lasts for 24 hours unless told", async () => {
    const token = await auth.createPublicToken({ scopes: { read: { runs: ["run_1", "run_2"] } } });
    expect(payloadOf(token)).toEqual({
      environment: "prod",
      key: expect.any(String) as string,
      scopes: { read: { runs: ["run_1", "run_2"] } },
      expireTime: NOW_S + 24 * 60 * 60,
    });
    expect(payloadOf(await auth.createPublicToken({ scopes: { read: { runs: "run_1" } } }))).toMatchObject({
      scopes: { read: { runs: ["run_1"] } },
    });
  });

  it("never holds the key that signs it, nor what the cluster stores of that", async () => {
    const token = await auth.createPublicToken({ scopes: { read: { runs: "run_1" } } });
    expect(JSON.stringify(payloadOf(token))).not.toContain("A".repeat(8));
    expect(payloadOf(token)["key"]).toHaveLength(16);
  });

  it.each<[PublicTokenOptions["expirationTime"], number]>([
    ["1h", NOW_S + 3_600],
    ["1d12h", NOW_S + 36 * 3_600],
    [new Date(NOW_MS + 90_000), NOW_S + 90],
    [NOW_S + 60, NOW_S + 60],
  ])("expires as it is told: %s", async (expirationTime, expireTime) => {
    const token = await auth.createPublicToken({ scopes: { read: { runs: "run_1" } }, expirationTime });
    expect(payloadOf(token)["expireTime"]).toBe(expireTime);
  });

  const read = { runs: "run_1" };
  it.each<[string, object, string]>([
    ["no scope", {}, "options.scopes.read.runs"],
    ["no run", { scopes: { read: { runs: [] } } }, "options.scopes.read.runs"],
    ["every run", { scopes: { read: { runs: true } } }, "options.scopes.read.runs"],
    ["more than 100 runs", { scopes: { read: { runs: Array(101).fill("run_1") } } }, "options.scopes.read.runs"],
    ["an id that is none", { scopes: { read: { runs: ["x".repeat(257)] } } }, "options.scopes.read.runs"],
    [
      "what calls cannot carry",
      { scopes: { read: { runs: Array(99).fill("x".repeat(99)) } } },
      "options.scopes.read.runs",
    ],
    ["tags", { scopes: { read: { tags: ["a"] } } }, "options.scopes.read.tags"],
    ["writing", { scopes: { read, write: { tasks: ["t"] } } }, "options.scopes.write"],
    ["an unknown option", { scopes: { read }, realtime: true }, "options.realtime"],
    ["a time that has passed", { scopes: { read }, expirationTime: new Date(NOW_MS) }, "options.expirationTime"],
    ["milliseconds", { scopes: { read }, expirationTime: NOW_MS + 60_000 }, "options.expirationTime"],
    ["a word", { scopes: { read }, expirationTime: "soon" }, "options.expirationTime"],
    ["no date", { scopes: { read }, expirationTime: new Date(Number.NaN) }, "options.expirationTime"],
  ])("refuses %s", async (_, options, field) => {
    await expect(auth.createPublicToken(options as PublicTokenOptions)).rejects.toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field }],
    });
  });

  it("says that a public access token cannot make others", async () => {
    configure({ url, apiKey: await auth.createPublicToken({ scopes: { read } }) });
    await expect(auth.createPublicToken({ scopes: { read } })).rejects.toMatchObject({
      reason: "NOT_CONFIGURED",
      message: expect.stringContaining("signed with an API key"),
    });
  });

  it("says that a task has no API key, unless it configures one", async () => {
    configure({});
    workerConnection.current = { address: "unix:/nowhere", token: "worker-token" };
    await expect(auth.createPublicToken({ scopes: { read } })).rejects.toMatchObject({
      reason: "NOT_CONFIGURED",
      message: expect.stringContaining("a task has no API key of its own"),
    });
    configure({ url, apiKey: API_KEY });
    expect(await auth.createPublicToken({ scopes: { read } })).toMatch(/^wlp_/u);
  });
});

describe("handle.publicAccessToken", () => {
  const stored = { id: "run_1", taskIdentifier: "hello", isCached: false };
  const connectionOf = (apiKey: string) => ({ signToken: createTokenSigner(apiKey) });

  it("names the handle's run, for 24 hours from when it is first asked for", () => {
    const handle = createRunHandle(connectionOf(API_KEY), stored);
    vi.setSystemTime(NOW_MS + 5_000);
    const token = handle.publicAccessToken;
    expect(payloadOf(token)).toMatchObject({
      scopes: { read: { runs: ["run_1"] } },
      expireTime: NOW_S + 5 + 24 * 60 * 60,
    });
    vi.setSystemTime(NOW_MS + 10_000);
    expect(handle.publicAccessToken).toBe(token);
  });

  it("goes along when a handle is sent as JSON", () => {
    const handle = createRunHandle(connectionOf(API_KEY), stored);
    expect(JSON.parse(JSON.stringify(handle))).toEqual({ ...stored, publicAccessToken: handle.publicAccessToken });
  });

  it("is not there inside of a task, which has no API key", () => {
    const handle = createRunHandle(connectionOf("worker-token"), stored);
    expect(handle.publicAccessToken).toBeUndefined();
    expect(handle).toStrictEqual(stored);
  });
});

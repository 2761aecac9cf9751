import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { close, configure, task } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { createConnection } from "./connection.ts";

const noPayload = task({ id: "no-payload", run: async () => {} });

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
  vi.unstubAllEnvs();
});

describe("a trigger without a cluster", () => {
  it("says at once that the API key is wrong, and again after it has worked", async () => {
    configure({ url: cluster.url, apiKey: "wl_wrong" });
    await expect(Promise.all([noPayload.trigger(), noPayload.trigger()])).rejects.toMatchObject({
      reason: "API_KEY_INVALID",
      message: expect.stringContaining("Check WINDLASS_API_KEY"),
    });
    await expect(noPayload.trigger()).rejects.toMatchObject({ reason: "API_KEY_INVALID" });
  });

  it("says after the time limit that nobody answers, and what was tried last", async () => {
    cluster.kill();
    configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 1_000 });
    const error: unknown = await noPayload.trigger().catch((error: unknown) => error);
    expect(error).toMatchObject({ reason: "NOT_READY", hint: expect.stringContaining("WINDLASS_URL") });
    expect((error as Error).message).toMatch(/not answered within 1000 ms.*ECONNREFUSED/s);
  });

  it("says that an answer did not come in time", async () => {
    cluster.isSilent = true;
    configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 1_000 });
    await expect(noPayload.trigger()).rejects.toMatchObject({ reason: "CALL_ENDED" });
  });

  it("says what to set when nothing is configured", async () => {
    for (const name of ["WINDLASS_URL", "WINDLASS_API_KEY", "TRIGGER_API_URL", "TRIGGER_SECRET_KEY"])
      vi.stubEnv(name, undefined);
    configure({});
    await expect(noPayload.trigger()).rejects.toThrow("Set WINDLASS_URL and WINDLASS_API_KEY, or call configure");
    configure({ url: "not a url at all", apiKey: "x" });
    await expect(noPayload.trigger()).rejects.toMatchObject({ reason: "NOT_CONFIGURED" });
  });

  it("fails what is unanswered when it is closed", async () => {
    cluster.isSilent = true;
    const triggering = Promise.allSettled([noPayload.trigger()]);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(1));
    await close();
    expect(await triggering).toMatchObject([{ status: "rejected", reason: { reason: "CALL_ENDED" } }]);
  });
});

describe("a connection", () => {
  it("connects again after it was closed; a connection of one's own does not", async () => {
    await noPayload.trigger();
    await close();
    await noPayload.trigger();
    const connection = createConnection({ url: cluster.url, apiKey: API_KEY });
    await connection.close();
    await connection.close();
    await expect(connection.triggers.trigger({})).rejects.toMatchObject({ reason: "CALL_ENDED" });
    await expect(connection.ends.wait("run_1")).rejects.toMatchObject({ reason: "CALL_ENDED" });
  });

  it("takes the environment's word, first Windlass's, then Trigger.dev's", async () => {
    configure({});
    vi.stubEnv("WINDLASS_URL", undefined);
    vi.stubEnv("WINDLASS_API_KEY", undefined);
    vi.stubEnv("TRIGGER_API_URL", cluster.url);
    vi.stubEnv("TRIGGER_SECRET_KEY", API_KEY);
    await noPayload.trigger();
    await close();
    vi.stubEnv("WINDLASS_URL", `127.0.0.1:${cluster.port}`);
    vi.stubEnv("WINDLASS_API_KEY", API_KEY);
    vi.stubEnv("TRIGGER_API_URL", "http://127.0.0.1:1");
    await noPayload.trigger();
    expect(cluster.runs.size).toBe(2);
  });

  it("lets what is under way end when it is configured anew", async () => {
    const other = await TestCluster.start();
    cluster.isSilent = true;
    const first = noPayload.trigger();
    await vi.waitFor(() => expect(cluster.runs.size).toBe(1));
    configure({ baseURL: other.url, accessToken: API_KEY });
    await noPayload.trigger();
    cluster.isSilent = false;
    cluster.kill();
    await cluster.listen();
    expect((await first).id).toBe("run_1");
    expect(other.runs.size).toBe(1);
    other.kill();
  });

  it("refuses an option that configure does not have, and a time limit that cannot be", () => {
    expect(() => configure({ apikey: "x" } as object)).toThrow('"apikey" is not an option');
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => configure({ timeoutMs })).toThrow("timeoutMs must be");
    }
  });
});

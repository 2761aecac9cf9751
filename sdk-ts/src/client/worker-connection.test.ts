import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { close, configure, runs, tasks } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";
import { workerConnection } from "./worker-connection.ts";

let folder: string;
let own: TestCluster;
let other: TestCluster;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "windlass-"));
  own = await TestCluster.start(join(folder, "supervisor.sock"));
  other = await TestCluster.start();
  configure({});
  workerConnection.current = { address: own.url, token: API_KEY };
});

afterEach(async () => {
  await close();
  workerConnection.current = undefined;
  TestAttempt.end();
  own.kill();
  other.kill();
  await rm(folder, { recursive: true });
  vi.unstubAllEnvs();
});

describe("in a worker", () => {
  it("a task talks to the cluster that runs it, over the supervisor's socket, whatever the environment says", async () => {
    vi.stubEnv("WINDLASS_URL", other.url);
    vi.stubEnv("WINDLASS_API_KEY", "wl_other");
    const { id } = await tasks.trigger("t", {});
    expect((await runs.retrieve(id)).id).toBe(id);
    expect([own.runs.size, other.runs.size]).toEqual([1, 0]);
  });

  it("what it triggers names the run as its parent", async () => {
    TestAttempt.begin({ runId: "run_7" });
    await tasks.trigger("t", {});
    TestAttempt.end();
    await tasks.trigger("t", {});
    expect(own.triggerMessages.flat().map(({ parentRunId }) => parentRunId)).toEqual(["run_7", ""]);
  });

  it("configure() comes first, and then no parent is named, which another cluster would not know", async () => {
    configure({ url: other.url, apiKey: API_KEY });
    TestAttempt.begin();
    await tasks.trigger("t", {});
    expect(other.triggerMessages.flat()).toMatchObject([{ parentRunId: "" }]);
    expect(own.runs.size).toBe(0);
  });

  it("what a run configures is gone when its attempt ends", async () => {
    TestAttempt.begin();
    configure({ url: other.url, apiKey: API_KEY });
    await tasks.trigger("t", {});
    TestAttempt.begin();
    await tasks.trigger("t", {});
    expect([own.runs.size, other.runs.size]).toEqual([1, 1]);
  });

  it("a child that is waited for belongs to the run's own cluster all the same", async () => {
    configure({ url: other.url, apiKey: API_KEY });
    const attempt = TestAttempt.begin();
    const result = tasks.triggerAndWait("t", {});
    await vi.waitFor(() => expect(attempt.waits).toHaveLength(1));
    own.change("run_1", { status: 8 });
    attempt.resume();
    expect(await result).toMatchObject({ ok: true, id: "run_1" });
    expect(other.runs.size).toBe(0);
  });
});

import { RunErrorCode, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { workerConnection } from "../client/worker-connection.ts";
import { batch, close, configure, SubtaskUnwrapError, task, tasks, wait } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const child = task({ id: "child", run: async (payload: number) => payload + 1 });

/** Thousands of triggers take a busy machine a while. */
const PATIENCE = { timeout: 20_000 };

let cluster: TestCluster;
let attempt: TestAttempt;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({});
  workerConnection.current = { address: `127.0.0.1:${cluster.port}`, token: API_KEY };
  attempt = TestAttempt.begin({ runId: "run_parent" });
});

afterEach(async () => {
  TestAttempt.end();
  await close();
  workerConnection.current = undefined;
  cluster.kill();
});

/** Waits until the attempt is suspended, ends the runs and resumes it, as the cluster does. */
async function endAndResume(ends: Record<string, Parameters<TestCluster["change"]>[1]>): Promise<void> {
  await vi.waitFor(() => expect(attempt.waits).toHaveLength(1));
  for (const [runId, end] of Object.entries(ends)) cluster.change(runId, end);
  attempt.resume();
}

function completed(output: number): Parameters<TestCluster["change"]>[1] {
  const data = Buffer.from(JSON.stringify(output));
  return { status: RunStatus.COMPLETED, output: { data, contentType: "application/json" } };
}

const failed = {
  status: RunStatus.FAILED,
  error: { code: RunErrorCode.TASK_ERROR, name: "TypeError", message: "boom", stack: "    at run (task.ts:1:1)" },
};

describe("triggerAndWait", () => {
  it("triggers a child, suspends the run until it has ended, and gives its output", async () => {
    const waiting = child.triggerAndWait(1);
    await endAndResume({ run_1: completed(2) });
    expect(await waiting).toEqual({ ok: true, id: "run_1", taskIdentifier: "child", output: 2 });
    expect(attempt.waits).toEqual([{ type: "task", runId: "run_1" }]);
    expect(cluster.triggerMessages).toMatchObject([[{ taskId: "child", parentRunId: "run_parent" }]]);
  });

  it.each([undefined, "20260101.1"])(
    "locks the child to the version of the run that waits for it, unless another is named (%s)",
    async (version) => {
      const waiting = child.triggerAndWait(1, version === undefined ? undefined : { version });
      await endAndResume({ run_1: completed(2) });
      await waiting;
      expect(attempt.ctx.run.version).not.toBe("");
      expect(cluster.triggerMessages).toMatchObject([[{ options: { version: version ?? attempt.ctx.run.version } }]]);
    },
  );

  it("gives the error of a child that did not complete", async () => {
    const waiting = tasks.triggerAndWait<typeof child>("child", 1);
    await endAndResume({ run_1: failed });
    const result = await waiting;
    expect(result).toMatchObject({
      ok: false,
      id: "run_1",
      error: { name: "TypeError", message: "boom", status: "FAILED" },
    });
    expect(result.ok || result.error).toBeInstanceOf(Error);
  });

  it("unwraps to the output, or throws SubtaskUnwrapError", async () => {
    const output = child.triggerAndWait(1).unwrap();
    await endAndResume({ run_1: completed(2) });
    expect(await output).toBe(2);

    attempt.waits.length = 0;
    const [failing] = await Promise.allSettled([child.triggerAndWait(1).unwrap(), endAndResume({ run_2: failed })]);
    expect(failing).toMatchObject({
      status: "rejected",
      reason: {
        name: "SubtaskUnwrapError",
        runId: "run_2",
        taskId: "child",
        message: expect.stringContaining("boom"),
        cause: { message: "boom" },
      },
    });
    expect((failing as PromiseRejectedResult).reason).toBeInstanceOf(SubtaskUnwrapError);
  });

  it("makes one child, whatever breaks on the way", async () => {
    cluster.isSilent = true;
    const waiting = child.triggerAndWait(1);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(1));
    cluster.kill();
    cluster.isSilent = false;
    await cluster.listen();
    await vi.waitFor(() => expect(attempt.waits).toHaveLength(1));
    cluster.kill();
    await cluster.listen();
    await endAndResume({ run_1: completed(2) });
    expect(await waiting).toMatchObject({ ok: true, output: 2 });
    expect(cluster.runs.size).toBe(1);
  });

  it("a second one at the same time throws, and triggers nothing", async () => {
    const first = child.triggerAndWait(1);
    await expect(child.triggerAndWait(2)).rejects.toThrow(
      "triggerAndWait was called while triggerAndWait of the same run is under way",
    );
    await expect(wait.for({ seconds: 1 })).rejects.toThrow("under way");
    await endAndResume({ run_1: completed(2) });
    expect(await first).toMatchObject({ ok: true });
    expect(cluster.runs.size).toBe(1);
  });

  it("suspends only after triggers that were not awaited are answered", async () => {
    cluster.isSilent = true;
    const unawaited = child.trigger(1);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(1));
    const waiting = wait.for({ hours: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(attempt.waits).toEqual([]);
    cluster.isSilent = false;
    cluster.kill();
    await cluster.listen();
    await unawaited;
    await endAndResume({});
    await waiting;
  });

  it("rejects with the signal's reason when the run is canceled", async () => {
    const waiting = child.triggerAndWait(1);
    await vi.waitFor(() => expect(attempt.waits).toHaveLength(1));
    attempt.resume();
    await vi.waitFor(() => expect(cluster.awaitMessages.flat()).toEqual(["run_1"]));
    const reason = new Error("canceled");
    attempt.cancel(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it("outside of a run says so, and triggers nothing", async () => {
    TestAttempt.end();
    await expect(child.triggerAndWait(1)).rejects.toThrow("triggerAndWait works only inside of a run");
    await expect(child.batchTriggerAndWait([{ payload: 1 }])).rejects.toThrow("works only inside of a run");
    expect(cluster.runs.size).toBe(0);
  });

  it("of a task that cannot be triggered throws, and leaves nothing waiting", async () => {
    await expect(tasks.triggerAndWait("refused", 1)).rejects.toMatchObject({ reason: "FIELD_INVALID" });
    await expect(child.triggerAndWait((() => {}) as never)).rejects.toThrow("payload is a function");
    await wait.for({ seconds: 0 });
  });
});

describe("batchTriggerAndWait", () => {
  it("suspends the run once, by the batch's id, and gives results in the items' order", async () => {
    const waiting = child.batchTriggerAndWait([{ payload: 1 }, { payload: 2 }, { payload: 3 }]);
    await endAndResume({ run_3: completed(4), run_2: failed, run_1: completed(2) });
    const { id, runs } = await waiting;
    expect(runs).toMatchObject([
      { ok: true, id: "run_1", output: 2 },
      { ok: false, id: "run_2" },
      { ok: true, id: "run_3", output: 4 },
    ]);
    expect(attempt.waits).toEqual([{ type: "batch", batchId: id, runCount: 3, runIds: [] }]);
    const { version } = attempt.ctx.run;
    expect(cluster.triggerMessages.flat().map(({ options }) => options?.version)).toEqual([version, version, version]);
  });

  it("names a run that its key stood for already, once: it may be of another batch", async () => {
    const options = { idempotencyKey: "k" };
    const waiting = child.batchTriggerAndWait([
      { payload: 1, options },
      { payload: 1, options },
    ]);
    await endAndResume({ run_1: completed(2) });
    expect((await waiting).runs).toMatchObject([
      { id: "run_1", output: 2 },
      { id: "run_1", output: 2 },
    ]);
    expect(attempt.waits).toMatchObject([{ runCount: 2, runIds: ["run_1"] }]);
  });

  it("of several tasks knows whose each result is", async () => {
    const waiting = batch.triggerByTaskAndWait([
      { task: child, payload: 1 },
      { task: child, payload: 2 },
    ]);
    await endAndResume({ run_1: completed(2), run_2: completed(3) });
    const { runs } = await waiting;
    expect(runs.map(({ taskIdentifier, ok }) => [taskIdentifier, ok])).toEqual([
      ["child", true],
      ["child", true],
    ]);
  });

  it("with an item that is wrong, or refused, waits for the others; its result is not ok, and has no id", async () => {
    const waiting = batch.triggerAndWait([
      { id: "child", payload: 1 },
      { id: "child", payload: 1, options: { ttl: "x" } },
      { id: "refused", payload: 1 },
    ]);
    await endAndResume({ run_1: completed(2) });
    expect((await waiting).runs).toMatchObject([
      { ok: true, id: "run_1", output: 2 },
      { ok: false, id: "", taskIdentifier: "child", error: { violations: [{ field: "items[1].options.ttl" }] } },
      { ok: false, id: "", taskIdentifier: "refused", error: { reason: "FIELD_INVALID" } },
    ]);
    expect(attempt.waits).toMatchObject([{ runCount: 1, runIds: [] }]);
  });

  it("of wrong items only waits for nothing", async () => {
    expect((await tasks.batchTriggerAndWait("refused", [{ payload: 1 }])).runs).toMatchObject([{ ok: false }]);
    expect(attempt.waits).toEqual([]);
  });

  it("of thousands of items, streamed in, suspends the run once too, and asks for a thousand results at a time", async () => {
    async function* payloads() {
      for (let n = 0; n < 2_500; n += 1) yield { payload: n };
    }
    const waiting = child.batchTriggerAndWait(payloads());
    await vi.waitFor(() => expect(attempt.waits).toMatchObject([{ runCount: 2_500, runIds: [] }]), PATIENCE);
    for (let n = 0; n < 2_500; n += 1) cluster.change(`run_${n + 1}`, completed(n + 1));
    attempt.resume();
    const { runs } = await waiting;
    expect(runs.every((run, n) => run.ok && run.id === `run_${n + 1}` && run.output === n + 1)).toBe(true);
    expect(cluster.awaitMessages.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  }, 60_000);

  it("of more than a thousand runs that are there already suspends the run once for each thousand", async () => {
    const items = Array.from({ length: 1_001 }, (_, n) => ({ payload: n, options: { idempotencyKey: `k${n}` } }));
    await child.batchTrigger(items);
    for (let n = 0; n < 1_001; n += 1) cluster.change(`run_${n + 1}`, completed(n + 1));
    const waiting = child.batchTriggerAndWait(items);
    for (const count of [1, 2]) {
      await vi.waitFor(() => expect(attempt.waits).toHaveLength(count), PATIENCE);
      attempt.resume();
    }
    expect((await waiting).runs).toHaveLength(1_001);
    const named = attempt.waits.map((each) => each.type === "batch" && [each.runCount, each.runIds.length]);
    expect(named).toEqual([
      [1_001, 1_000],
      [1_001, 1],
    ]);
  }, 60_000);

  it("of more than 100,000 items is refused before anything is sent", async () => {
    const items = Array.from({ length: 100_001 }, () => ({ payload: 1 }));
    await expect(child.batchTriggerAndWait(items)).rejects.toThrow("items must be at most 100,000");
    expect(cluster.runs.size).toBe(0);
  });

  it("of nothing waits for nothing", async () => {
    expect((await batch.triggerAndWait([])).runs).toEqual([]);
    expect(attempt.waits).toEqual([]);
  });
});

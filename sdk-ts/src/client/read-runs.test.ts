import { RunErrorCode, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { close, configure, runs, task } from "../index.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const hello = task({ id: "hello", run: async (payload: { message: string }) => payload.message.length });
const noPayload = task({ id: "no-payload", run: async () => {} });

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

describe("runs", () => {
  it("are read with payload and output", async () => {
    const handle = await hello.trigger({ message: "Hello" }, { tags: "one" });
    cluster.change(handle.id, {
      status: RunStatus.COMPLETED,
      output: json(5),
      attemptNumber: 1,
      version: "20260101.1",
    });
    const run = await runs.retrieve(handle);
    expect(run).toMatchObject({
      id: handle.id,
      taskIdentifier: "hello",
      status: "COMPLETED",
      isCompleted: true,
      isSuccess: true,
      isFailed: false,
      payload: { message: "Hello" },
      output: 5,
      tags: ["one"],
      attemptCount: 1,
      maxAttempts: 3,
      version: "20260101.1",
      createdAt: new Date(0),
    });
  });

  it("carry the error of a failure", async () => {
    const { id } = await noPayload.trigger();
    const error = {
      code: RunErrorCode.TASK_ERROR,
      name: "TypeError",
      message: "boom",
      fieldsJson: '{"a":1}',
      causes: [{ message: "why" }],
    };
    cluster.change(id, { status: RunStatus.FAILED, error });
    expect(await runs.poll<typeof noPayload>(id)).toMatchObject({
      status: "FAILED",
      isFailed: true,
      error: { code: "TASK_ERROR", name: "TypeError", message: "boom", fields: { a: 1 }, causes: [{ message: "why" }] },
    });
  });

  it("are awaited over one stream, named in one message", async () => {
    const handles = await Promise.all(Array.from({ length: 20 }, () => noPayload.trigger()));
    const waiting = Promise.all(handles.map((handle) => runs.poll(handle)));
    await vi.waitFor(() => expect(cluster.awaitMessages).toHaveLength(1));
    for (const { id } of handles.toReversed()) cluster.change(id, { status: RunStatus.COMPLETED });
    expect((await waiting).map(({ id }) => id)).toEqual(handles.map(({ id }) => id));
    expect((await runs.poll(handles[0]!)).status).toBe("COMPLETED");
    expect(cluster.streams.awaits).toBe(1);
  });

  it("are awaited through a restart of the cluster", async () => {
    const [first, second] = await Promise.all([noPayload.trigger(), noPayload.trigger()]);
    const waiting = Promise.all([runs.poll(first), runs.poll(second)]);
    await vi.waitFor(() => expect(cluster.awaitMessages.flat()).toHaveLength(2));
    cluster.kill();
    cluster.change(first.id, { status: RunStatus.COMPLETED });
    await cluster.listen();
    await vi.waitFor(() => expect(cluster.awaitMessages.flat()).toHaveLength(4));
    cluster.change(second.id, { status: RunStatus.CANCELED });
    expect((await waiting).map(({ status }) => status)).toEqual(["COMPLETED", "CANCELED"]);
  });

  it("are awaited until the signal aborts", async () => {
    const handle = await noPayload.trigger();
    const controller = new AbortController();
    const waiting = runs.poll(handle, { signal: controller.signal });
    await vi.waitFor(() => expect(cluster.awaitMessages).toHaveLength(1));
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ reason: "CALL_ENDED", cause: { message: "enough" } });
  });

  it("that do not exist are RUN_NOT_FOUND, whatever is asked", async () => {
    const asked = [
      runs.retrieve("run_x"),
      runs.poll("run_x"),
      runs.cancel("run_x"),
      runs.subscribeToRun("run_x").next(),
    ];
    for (const answer of await Promise.allSettled<unknown>(asked)) {
      expect(answer).toMatchObject({ reason: { name: "WindlassError", reason: "RUN_NOT_FOUND" } });
    }
    await expect(runs.retrieve("")).rejects.toMatchObject({ reason: "FIELD_INVALID" });
  });

  it("say after the time limit that nobody answers", async () => {
    cluster.kill();
    configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 1_000 });
    await expect(runs.retrieve("run_1")).rejects.toMatchObject({ reason: "NOT_READY" });
    await expect(runs.poll("run_1")).rejects.toMatchObject({ reason: "NOT_READY" });
  });

  it("are canceled with a reason", async () => {
    const handle = await noPayload.trigger();
    const run = await runs.cancel(handle, { reason: "changed my mind" });
    expect(run).toMatchObject({ status: "CANCELED", isCanceled: true, cancelReason: "changed my mind" });
  });

  it("refuse options they do not have", async () => {
    const handle = await noPayload.trigger();
    await expect(runs.poll(handle, { pollIntervalMs: 5 } as object)).rejects.toMatchObject({ reason: "FIELD_INVALID" });
    await expect(runs.cancel(handle, { why: "x" } as object)).rejects.toMatchObject({ reason: "FIELD_INVALID" });
  });
});

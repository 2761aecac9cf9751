import { context, trace, type TracerProvider } from "@opentelemetry/api";
import { RunErrorCode, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { close, configure, type RunEvent, runs, task, tasks, WindlassError } from "../index.ts";
import { activeAttempt } from "../task/active-attempt.ts";
import { fakeAttempt } from "../testing/fake-attempt.ts";
import { createConnection } from "./connection.ts";
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
  vi.unstubAllEnvs();
});

function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

describe("trigger", () => {
  it("stores a run with its payload and gives a handle", async () => {
    const handle = await hello.trigger({ message: "Hello world!" });
    expect(handle).toEqual({ id: "run_1", taskIdentifier: "hello", isCached: false });
    expect(cluster.triggerMessages).toMatchObject([
      [{ taskId: "hello", queue: "", maxAttempts: 0, tags: [], isTest: false, traceparent: "" }],
    ]);
    const [trigger] = cluster.triggerMessages[0]!;
    expect(Buffer.from(trigger!.payload!.data).toString()).toBe('{"message":"Hello world!"}');
    expect(trigger!.requestId).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it("does without a payload, and by id alone", async () => {
    await noPayload.trigger();
    await tasks.trigger<typeof hello>(
      "hello",
      { message: "x" },
      { tags: ["a", "b"], queue: "q/1", maxAttempts: 5, isTest: true },
    );
    expect(cluster.triggerMessages.flat()).toMatchObject([
      { taskId: "no-payload", payload: { contentType: "" } },
      { taskId: "hello", tags: ["a", "b"], queue: "q/1", maxAttempts: 5, isTest: true },
    ]);
  });

  it("sends what is triggered in the same moment as one message, over one stream", async () => {
    const handles = await Promise.all(
      Array.from({ length: 50 }, (_, index) => hello.trigger({ message: String(index) })),
    );
    expect(cluster.triggerMessages.map((triggers) => triggers.length)).toEqual([50]);
    expect(handles.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => `run_${index + 1}`));
    await hello.trigger({ message: "later" });
    expect(cluster.streams.triggers).toBe(1);
  });

  it("splits messages by count and by size", async () => {
    await Promise.all(Array.from({ length: 2_500 }, () => noPayload.trigger()));
    expect(cluster.triggerMessages.map((triggers) => triggers.length)).toEqual([1_000, 1_000, 500]);
    cluster.triggerMessages.length = 0;
    const message = "x".repeat(3 * 1024 * 1024 - 100);
    await Promise.all(Array.from({ length: 7 }, () => hello.trigger({ message })));
    expect(cluster.triggerMessages.map((triggers) => triggers.length)).toEqual([3, 3, 1]);
  });

  it("fails alone when only one of a message is refused", async () => {
    const [good, bad] = await Promise.allSettled([noPayload.trigger(), tasks.trigger("refused", undefined)]);
    expect(good).toMatchObject({ status: "fulfilled" });
    expect(bad).toMatchObject({
      status: "rejected",
      reason: {
        reason: "FIELD_INVALID",
        violations: [{ field: "trigger.taskId", description: "is refused by this test." }],
      },
    });
    expect(cluster.triggerMessages).toHaveLength(1);
  });

  it("survives a restart of the cluster: what was unanswered is sent again, and makes one run", async () => {
    await noPayload.trigger();
    cluster.isSilent = true;
    const triggering = Promise.all([hello.trigger({ message: "a" }), hello.trigger({ message: "b" })]);
    await vi.waitFor(() => expect(cluster.runs.size).toBe(3));
    cluster.kill();
    cluster.isSilent = false;
    await cluster.listen();
    expect((await triggering).map(({ id }) => id)).toEqual(["run_2", "run_3"]);
    expect(cluster.runs.size).toBe(3);
  });

  describe("refuses before anything is sent", () => {
    it.each([
      { what: "half a debounce", options: { debounce: { key: "a" } as never }, field: "options.debounce.delay" },
      { what: "an option misspelt", options: { maxAttempt: 3 }, field: "options.maxAttempt" },
      { what: "too many attempts", options: { maxAttempts: 101 }, field: "options.maxAttempts" },
      { what: "a negative number of attempts", options: { maxAttempts: -1 }, field: "options.maxAttempts" },
      { what: "a queue with a strange name", options: { queue: "a*b" }, field: "options.queue" },
      { what: "too many tags", options: { tags: Array.from({ length: 11 }, String) }, field: "options.tags" },
      { what: "a tag that is too long", options: { tags: ["ok", "x".repeat(129)] }, field: "options.tags[1]" },
      { what: "a tag with half a surrogate pair", options: { tags: ["\ud800"] }, field: "options.tags[0]" },
    ])("$what", async ({ options, field }) => {
      const failing = hello.trigger({ message: "x" }, options);
      await expect(failing).rejects.toMatchObject({
        name: "WindlassError",
        reason: "FIELD_INVALID",
        violations: [{ field }],
      });
      expect(cluster.triggerMessages).toEqual([]);
    });

    it.each([
      { what: "a payload over 3 MB", payload: { message: "x".repeat(3 * 1024 * 1024) }, field: "payload" },
      { what: "a payload with a symbol", payload: { message: "x", extra: [Symbol("s")] }, field: "payload.extra[0]" },
      { what: "a payload with a function", payload: { message: "x", callback: () => {} }, field: "payload.callback" },
    ])("$what", async ({ payload, field }) => {
      const failing = hello.trigger(payload);
      await expect(failing).rejects.toMatchObject({ reason: "FIELD_INVALID", violations: [{ field }] });
    });

    it.each(["", "x".repeat(257), "a\nb", "\ud800", 7])("the task id %j", async (id) => {
      await expect(tasks.trigger(id as string, {})).rejects.toMatchObject({
        reason: "FIELD_INVALID",
        violations: [{ field: "taskId" }],
      });
    });
  });

  describe("without a cluster", () => {
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
      configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 300 });
      const error: unknown = await noPayload.trigger().catch((error: unknown) => error);
      expect(error).toMatchObject({ reason: "NOT_READY", hint: expect.stringContaining("WINDLASS_URL") });
      expect((error as Error).message).toMatch(/not answered within 300 ms.*ECONNREFUSED/s);
    });

    it("says that an answer did not come in time", async () => {
      cluster.isSilent = true;
      configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 300 });
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
    configure({ url: cluster.url, apiKey: API_KEY, timeoutMs: 300 });
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

describe("subscriptions", () => {
  it("give a snapshot for every status, through a restart of the cluster", async () => {
    const handle = await hello.trigger({ message: "x" });
    const statuses: string[] = [];
    let output: number | undefined;
    for await (const run of runs.subscribeToRun(handle)) {
      statuses.push(run.status);
      if (run.status === "QUEUED") {
        cluster.kill();
        cluster.change(handle.id, { status: RunStatus.EXECUTING });
        await cluster.listen();
      }
      if (run.status === "EXECUTING") cluster.change(handle.id, { status: RunStatus.COMPLETED, output: json(1) });
      output = run.output;
    }
    expect(output).toBe(1);
    expect(statuses).toEqual(["QUEUED", "EXECUTING", "COMPLETED"]);
  });

  it("give every event once and in order, through restarts", async () => {
    const { id } = await noPayload.trigger();
    const events: RunEvent[] = [];
    for await (const event of runs.subscribeToEvents(id)) {
      events.push(event);
      if (event.seq === 1) {
        cluster.kill();
        await cluster.listen();
        cluster.tell(id, { body: { case: "log", value: { message: "a line", attributesJson: '{"a":1}', level: 3 } } });
      }
      if (event.type === "log") {
        cluster.kill();
        await cluster.listen();
        cluster.change(id, { status: RunStatus.COMPLETED });
      }
    }
    expect(events).toMatchObject([
      { seq: 1, type: "status", status: "QUEUED" },
      { seq: 2, type: "log", level: "info", message: "a line", attributes: { a: 1 } },
      { seq: 3, type: "status", status: "COMPLETED" },
    ]);
    const late: number[] = [];
    for await (const { seq } of runs.subscribeToEvents(id, { afterSeq: 2 })) late.push(seq);
    expect(late).toEqual([3]);
  });

  it("end when the signal aborts, or the loop is left", async () => {
    const handle = await noPayload.trigger();
    const controller = new AbortController();
    for await (const run of runs.subscribeToRun(handle, { signal: controller.signal })) {
      expect(run.status).toBe("QUEUED");
      controller.abort();
    }
    for await (const run of runs.subscribeToRun(handle)) {
      expect(run.status).toBe("QUEUED");
      break;
    }
  });
});

describe("tracing", () => {
  it("passes on the traceparent of the attempt that triggers", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    activeAttempt.current = fakeAttempt({ traceparent });
    await noPayload.trigger();
    activeAttempt.current = undefined;
    await noPayload.trigger();
    expect(cluster.triggerMessages.flat().map((trigger) => trigger.traceparent)).toEqual([traceparent, ""]);
  });

  afterEach(() => {
    trace.disable();
    context.disable();
  });

  it("makes a span around a trigger and sends its traceparent along", async () => {
    const spanContext = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
    const spans: { name: string; ended: boolean; failed: boolean }[] = [];
    const startSpan = (name: string): object => {
      const span = { name, ended: false, failed: false };
      spans.push(span);
      return {
        spanContext: () => spanContext,
        setStatus: () => (span.failed = true),
        end: () => (span.ended = true),
      };
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as unknown as TracerProvider);
    await noPayload.trigger();
    await expect(tasks.trigger("refused", {})).rejects.toBeInstanceOf(WindlassError);
    expect(cluster.triggerMessages[0]![0]!.traceparent).toBe(`00-${spanContext.traceId}-${spanContext.spanId}-01`);
    expect(spans).toEqual([
      { name: "trigger no-payload", ended: true, failed: false },
      { name: "trigger refused", ended: true, failed: true },
    ]);
  });
});

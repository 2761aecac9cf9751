import { fileURLToPath } from "node:url";
import { RunErrorCode } from "@windlass/proto";
import { bundle } from "@windlass/sdk/build";
import { describe, expect, it } from "vitest";
import { TestSupervisor } from "../../sdk-ts/src/testing/test-supervisor.ts";

interface Seed extends AsyncDisposable {
  readonly worker: TestSupervisor;
  /** What the task and its hooks have logged, first to last. */
  readonly logs: () => string[];
  readonly run: TestSupervisor["run"];
}

/** A real worker process with the tasks of a folder. */
async function open(folder: string): Promise<Seed> {
  const { bytes } = await bundle(fileURLToPath(new URL(folder, import.meta.url)));
  const worker = await TestSupervisor.start(bytes);
  await worker.hello();
  return {
    worker,
    logs: () => worker.said.flatMap(({ case: kind, value }) => (kind === "log" ? [value.record?.message ?? ""] : [])),
    run: (start) => worker.run(start),
    [Symbol.asyncDispose]: () => worker.stop(),
  };
}

function json(value: unknown): { data: Uint8Array; contentType: string } {
  return { data: Buffer.from(JSON.stringify(value)), contentType: "application/json" };
}

/** The first line of what console.log prints of an object is enough to know it. */
function firstLines(logs: readonly string[]): string[] {
  return logs.map((line) => line.replace(/ \{[^]*$/, ""));
}

describe("the overview's snippets, in a worker", () => {
  it("hello-world prints its message", async () => {
    await using seed = await open("trigger");
    const { result } = await seed.run({ taskId: "hello-world", payload: json({ message: "Hello world!" }) });
    expect(result.case).toBe("output");
    expect(seed.logs()).toEqual(["Hello world!"]);
  });

  it("each hook of a task is called, and init's data arrives", async () => {
    await using seed = await open("trigger");
    for (const [taskId, hook] of [
      ["task-with-init", "init"],
      ["task-with-cleanup", "cleanup"],
      ["task-with-on-start", "onStart"],
      ["task-with-on-success", "onSuccess"],
      ["task-with-on-complete", "onComplete"],
      ["task-with-init-return", "init"],
    ] as const) {
      const from = seed.worker.said.length;
      const { result } = await seed.run({ taskId, payload: json({}) });
      expect([taskId, result.case]).toEqual([taskId, "output"]);
      const hooks = seed.worker.said
        .slice(from)
        .flatMap(({ case: kind, value }) => (kind === "hookResult" ? [value.hook] : []));
      expect(hooks).toContain(hook);
    }
    expect(seed.logs()).toEqual(["Run succeeded undefined", "someValue"]);
  });

  it("global hooks see the run start, finish and fail", async () => {
    await using seed = await open("global-hooks");
    await seed.run({ taskId: "probe", payload: json({}) });
    await seed.run({ taskId: "probe", payload: json({ fail: true }), run: { maxAttempts: 1 } });
    expect(firstLines(seed.logs())).toEqual(["Run started", "Run finished", "Run started", "Run failed"]);
  });

  it("init.ts is loaded by itself", async () => {
    await using seed = await open("global-init");
    await seed.run({ taskId: "probe", payload: json({}) });
    expect(firstLines(seed.logs())).toEqual(["Run started"]);
  });

  it("middleware opens, run and hooks use, middleware closes", async () => {
    await using seed = await open("middleware");
    const { result } = await seed.run({ taskId: "my-task", payload: json({}) });
    expect(result.case).toBe("output");
    expect(seed.logs()).toEqual([
      "Connecting to the database",
      "Querying the database: SELECT 1",
      "Disconnecting from the database",
    ]);
  });

  it.each([
    { folder: "config-on-start", fail: false, line: "Task started probe" },
    { folder: "config-on-success", fail: false, line: "Task succeeded probe" },
    { folder: "config-on-failure", fail: true, line: "Task failed probe" },
  ])("the hook of $folder is called", async ({ folder, fail, line }) => {
    await using seed = await open(folder);
    await seed.run({ taskId: "probe", payload: json({ fail }), run: { maxAttempts: 1 } });
    expect(seed.logs()).toEqual([line]);
  });

  it("onWait and onResume surround a wait", async () => {
    await using seed = await open("wait");
    const from = seed.worker.said.length;
    seed.worker.start({ taskId: "my-task", payload: json({}) });
    const { wait } = await seed.worker.heard("suspend", from);
    expect(wait?.kind.case).toBe("until");
    seed.worker.say({ case: "resume", value: { runId: "run_1", waitId: wait?.id ?? "" } });
    const { result } = await seed.worker.heard("attemptFinished", from);
    expect(result.case).toBe("output");
    expect(firstLines(seed.logs())).toEqual(["Run started", "Run paused", "Run resumed", "Run finished"]);
  });

  it("a canceled run saves what it has, and one that returns in time keeps its output", async () => {
    await using seed = await open("cancel");
    const cancel = { case: "cancel", value: { runId: "run_1", reason: "enough", timeLeft: { seconds: 30n } } } as const;
    seed.worker.start({ taskId: "interruptible-chat", payload: json({ prompt: "Say 2000 words" }) });
    await seed.worker.heard("started");
    seed.worker.say(cancel);
    await seed.worker.heard("attemptFinished");
    expect(firstLines(seed.logs())).toEqual(["Run cancelled AbortSignal", "saved chunks to the database"]);

    await using another = await open("cancel");
    another.worker.start({ taskId: "cancel-example", payload: json({ message: "x" }) });
    await another.worker.heard("started");
    another.worker.say(cancel);
    const { result } = await another.worker.heard("attemptFinished");
    expect(Buffer.from(result.case === "output" ? result.value.data : []).toString()).toBe(
      '{"message":"Hello, world!"}',
    );
  });

  it("the chat answers, and refuses a payload that is not of its schema", async () => {
    await using seed = await open("cancel");
    const { result } = await seed.run({ taskId: "interruptible-chat", payload: json({ prompt: "Say 3 words" }) });
    expect(Buffer.from(result.case === "output" ? result.value.data : []).toString()).toBe('"word-1 word-2 word-3 "');
    const refused = await seed.run({ taskId: "interruptible-chat", payload: json({ prompt: 1 }) });
    expect(refused.result).toMatchObject({
      case: "failure",
      value: { skipRetry: true, error: { code: RunErrorCode.TASK_INPUT_ERROR } },
    });
    const message = refused.result.case === "failure" ? refused.result.value.error?.message : "";
    expect(message).toContain('does not match the schema of task "interruptible-chat": prompt: ');
  });
});

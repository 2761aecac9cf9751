import { randomUUID } from "node:crypto";
import { runs, tasks, type TaskContext } from "@windlass/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSection, type Section, tasksOf } from "./harness/open-section.ts";
import { play, storyOf } from "./harness/play.ts";

// lifecycle.md, section 2: ctx. And what a task finds around it: variables, and nothing of other runs.
const variables = { GREETING: "hello", EMPTY: "", PATH_TO_NOWHERE: "/nowhere" };
let section: Section;

beforeAll(async () => {
  section = await openSection("context", tasksOf("context"), { variables });
});

afterAll(() => section[Symbol.asyncDispose]());

/** As superjson gives it back, with Dates. */
async function contextOf(runId: string): Promise<TaskContext> {
  return ((await runs.poll(runId)).output as { ctx: TaskContext }).ctx;
}

describe("ctx", () => {
  test("every field of a run with every option", async () => {
    const handle = await tasks.trigger(
      "tells",
      { failures: 1 },
      {
        tags: ["one", "two"],
        isTest: true,
        idempotencyKey: "the key",
        maxAttempts: 4,
        maxDuration: 100,
        priority: 3,
        machine: "small-2x",
        queue: "a-queue",
      },
    );
    const { run } = await storyOf(handle.id);
    const ctx = await contextOf(handle.id);
    expect(ctx).toEqual({
      task: { id: "tells", filePath: "nested/tells.ts" },
      attempt: { number: 2, startedAt: expect.any(Date) as Date },
      run: {
        id: handle.id,
        tags: ["one", "two"],
        isTest: true,
        isReplay: false,
        createdAt: run.createdAt,
        startedAt: run.startedAt,
        idempotencyKey: "the key",
        maxAttempts: 4,
        maxDuration: 100,
        priority: 3,
        version: section.version,
      },
      queue: { id: expect.any(String) as string, name: "a-queue" },
      environment: { id: section.environmentId, slug: "context", type: "PRODUCTION" },
      project: { id: expect.any(String) as string, ref: "conformance" },
      machine: { name: "small-2x", cpu: 1, memory: 1 },
      deployment: { id: section.deploymentId, version: section.version },
    });
    const [, second] = run.attempts;
    expect(Math.abs(Number(ctx.attempt.startedAt) - Number(second?.startedAt))).toBeLessThan(2_000);
    expect(Number(ctx.attempt.startedAt)).toBeGreaterThan(Number(ctx.run.startedAt));
  });

  test("what a plain run does not have is absent", async () => {
    const { id } = await play("tells");
    const ctx = await contextOf(id);
    expect(ctx.run).not.toHaveProperty("idempotencyKey");
    expect(ctx.run).not.toHaveProperty("maxDuration");
    expect(ctx.run).not.toHaveProperty("parentTaskRunId");
    expect(ctx.run).not.toHaveProperty("rootTaskRunId");
    expect(ctx).not.toHaveProperty("batch");
    expect(ctx).toMatchObject({
      attempt: { number: 1 },
      run: { tags: [], isTest: false, isReplay: false, maxAttempts: 2, priority: 0 },
      queue: { name: "task/tells" },
      machine: { name: "small-1x", cpu: 0.5, memory: 0.5 },
    });
  });

  test("parentTaskRunId and rootTaskRunId", async () => {
    const parent = await play("tells", { triggers: true });
    const { child } = parent.run.output as { child: string };
    expect((await contextOf(child)).run).toMatchObject({ parentTaskRunId: parent.id, rootTaskRunId: parent.id });
  });

  test("batch", async () => {
    const handle = await tasks.batchTrigger("tells", [{ payload: {} }]);
    expect((await contextOf(handle.runs[0]!.id)).batch).toEqual({ id: handle.batchId });
  });

  test("isReplay", async () => {
    const { id } = await play("tells");
    const replay = await runs.replay(id);
    expect((await contextOf(replay.id)).run.isReplay).toBe(true);
  });

  test("hooks have the same", async () => {
    const { at } = await play("tells");
    expect(at("hook")["ctx"]).toEqual(at("attempt 1")["ctx"]);
  });
});

test("hooks of the config take the object form too", async () => {
  const story = await play("tells", { failures: 2 });
  const received = { payload: { failures: 2 }, ctx: story.id, signal: "signal", task: "tells" };
  expect(story.at("config onStart")).toMatchObject(received);
  const firstOf = (place: string) => story.said.find((said) => said.place === place)?.data;
  for (const hook of ["init", "onStartAttempt", "cleanup"]) expect(firstOf(`config ${hook}`)).toMatchObject(received);
  expect(firstOf("config handleError")).toMatchObject({ ...received, error: "Error: as asked" });
  expect(story.at("config onFailure")).toMatchObject({ ...received, error: "Error: as asked" });
  expect(story.at("config onComplete")).toMatchObject({ ...received, result: { ok: false } });
  const success = await play("tells");
  expect(success.at("config onSuccess")).toMatchObject({ output: expect.any(Object) as object });
});

describe("env vars of the task", () => {
  test("are only those the environment defines", async () => {
    const { run } = await play("tells-environment");
    const { CHANGES: _, ...env } = run.output as Record<string, string>; // of the test below
    expect(env).toMatchObject(variables);
    const others = Object.keys(env).filter((name) => !(name in variables));
    expect(others.filter((name) => /windlass|trigger|nats|postgres|otel|token|secret|key/iu.test(name))).toEqual([]);
    // What a program needs to run at all.
    expect(
      others.filter((name) => !["PATH", "HOME", "TMPDIR", "LANG", "TZ", "USER", "PWD", "NODE_ENV"].includes(name)),
    ).toEqual([]);
  });

  test("a change holds for the runs that begin after it", async () => {
    await section.api.environments.setVariables({ variables: { CHANGES: "before" } });
    expect((await play("tells-variable", { name: "CHANGES" })).run.output).toBe("before");
    await section.api.environments.setVariables({ variables: { CHANGES: "after" } });
    expect((await play("tells-variable", { name: "CHANGES" })).run.output).toBe("after");
    await section.api.environments.deleteVariables({ names: ["CHANGES"] });
    expect((await play("tells-variable", { name: "CHANGES" })).run.output).toBe(null);
  });
});

test("nothing leaks between runs in a reused process: A, then B", async () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const comparable = (output: unknown) => {
    const { pid: _, child: __, env, ...rest } = output as { pid: number; child: string; env: Record<string, string> };
    const { CHANGES: ___, ...kept } = env; // of the test above
    // The folder is the process' own.
    return JSON.parse(JSON.stringify({ ...rest, env: kept }).replaceAll(/worker-\d+/gu, "worker")) as object;
  };
  const fresh = await play("reports");
  // Which process takes a run is the cluster's to say: until A and B were in the same one.
  for (let tries = 0; tries < 50; tries++) {
    const a = await playTraced("pollutes", trace);
    const b = await play("reports");
    const { pid, child, env } = b.run.output as { pid: number; child: string; env: object };
    if (pid !== a.run.output) continue;
    expect(comparable(b.run.output)).toEqual(comparable(fresh.run.output));
    expect(env).toMatchObject(variables);
    expect(env).not.toHaveProperty("LEAKED");
    expect(b.run.output).toMatchObject({ local: null, metadata: {} });
    expect(b.run.metadata).toEqual(fresh.run.metadata);
    expect(b.places).not.toContain("the leaked hook");
    expect(b.hooks).toEqual(fresh.hooks);
    expect(b.events).toContainEqual(expect.objectContaining({ type: "log", message: "console works" }));
    expect((await section.api.runs.getRun({ runId: child })).run?.traceparent).not.toContain(trace);
    return;
  }
  expect.unreachable("no process was used twice");
});

/** As a caller that traces: what the run triggers belongs to that trace. */
async function playTraced(taskId: string, trace: string) {
  const { run } = await section.api.tasks.triggerTask({
    trigger: { requestId: randomUUID(), taskId, traceparent: `00-${trace}-b7ad6b7169203331-01` },
  });
  return await storyOf(run?.runId ?? "");
}

import { afterEach, describe, expect, it, vi } from "vitest";
import { logger, task, tasks } from "../index.ts";
import { activeAttempt } from "./active-attempt.ts";
import { fakeAttempt } from "../testing/fake-attempt.ts";
import { globalHooks, HookRegistry } from "./hook-registry.ts";
import { projectDefaults } from "./project-defaults.ts";
import { taskRegistry } from "./task-registry.ts";

const run = async (): Promise<void> => {};

afterEach(() => taskRegistry.enterFile(""));

describe("task", () => {
  it("registers what was defined, with the built-in retry options", () => {
    const onStart = (): void => {};
    task({ id: "plain", run, onStart });
    expect(taskRegistry.get("plain")).toMatchObject({
      id: "plain",
      filePath: "",
      queue: { name: "" },
      retry: { maxAttempts: 3, factor: 2, minTimeoutInMs: 1_000, maxTimeoutInMs: 60_000, randomize: true },
      run,
      hooks: { onStart },
    });
  });

  it("takes the overview's retry options", () => {
    const retry = { maxAttempts: 10, factor: 1.8, minTimeoutInMs: 500, maxTimeoutInMs: 30_000, randomize: false };
    task({ id: "task-with-retries", retry, run });
    expect(taskRegistry.get("task-with-retries")?.retry).toEqual(retry);
  });

  it("takes machine, isolation, maxDuration, description, and a machine for out of memory", () => {
    task({
      id: "all",
      description: "All of them",
      machine: { preset: "large-1x" },
      isolation: "fresh",
      maxDuration: 300,
      retry: { outOfMemory: { machine: "large-2x" } },
      run,
    });
    expect(taskRegistry.get("all")).toMatchObject({
      description: "All of them",
      machine: "large-1x",
      isolation: "fresh",
      maxDurationS: 300,
      retry: { maxAttempts: 3, outOfMemory: { machine: "large-2x" } },
    });
  });

  it("puts its retry options over the project's over the built-in ones, field by field", () => {
    projectDefaults.current = {
      retry: { maxAttempts: 7, factor: 3 },
      isRetryDisabledInDevelopment: true,
      machine: "micro",
      maxDurationS: 60,
    };
    task({ id: "over", retry: { factor: 1.5, maxAttempts: undefined }, maxDuration: 10, run });
    projectDefaults.current = {};
    expect(taskRegistry.get("over")).toMatchObject({
      retry: { maxAttempts: 7, factor: 1.5, minTimeoutInMs: 1_000 },
      isRetryDisabledInDevelopment: true,
      machine: "micro",
      maxDurationS: 10,
    });
  });

  it("replaces a task that is defined again outside of a bundle", () => {
    task({ id: "again", run });
    const second = task({ id: "again", run });
    expect(taskRegistry.get("again")?.handle).toBe(second);
  });

  it("refuses the second task of one id in a bundle, naming both files", () => {
    taskRegistry.enterFile("a.ts");
    task({ id: "twice", run });
    taskRegistry.enterFile("b.ts");
    expect(() => task({ id: "twice", run })).toThrow('two tasks have the id "twice": one in a.ts, another in b.ts.');
  });

  it.each([
    { what: "no id", options: { run }, problem: "the id of a task must be a string" },
    { what: "an empty id", options: { id: "", run }, problem: "the id of a task must be a string" },
    { what: "an id of 10 KB", options: { id: "x".repeat(10_240), run }, problem: "a string of 10240 characters" },
    { what: "NUL in the id", options: { id: "a\0", run }, problem: '"a\\u0000"' },
    { what: "half a surrogate pair in the id", options: { id: "\udc00", run }, problem: "the id of a task" },
    { what: "no run", options: { id: "bad" }, problem: 'task "bad" has no run function' },
    {
      what: "an unknown option",
      options: { id: "bad", run, schema: {} },
      problem: '"schema" is not an option of the task "bad"',
    },
    { what: "a hook that is no function", options: { id: "bad", run, onStart: 1 }, problem: "onStart of task" },
    {
      what: "two names for one hook",
      options: { id: "bad", run, handleError: run, catchError: run },
      problem: 'task "bad" has both handleError and catchError',
    },
    { what: "a machine that does not exist", options: { id: "bad", run, machine: "huge" }, problem: "one of micro, " },
    {
      what: "a machine without a preset",
      options: { id: "bad", run, machine: { cpu: 2 } },
      problem: '"cpu" is not an option of the machine of task "bad"',
    },
    {
      what: "an isolation that does not exist",
      options: { id: "bad", run, isolation: "total" },
      problem: 'isolation of task "bad" must be "reused" or "fresh", got "total"',
    },
    { what: "4 seconds", options: { id: "bad", run, maxDuration: 4 }, problem: "at least 5, got 4" },
    { what: "half a second", options: { id: "bad", run, maxDuration: 5.5 }, problem: "maxDuration of task" },
    { what: "a long description", options: { id: "bad", run, description: "x".repeat(1_001) }, problem: "1,000" },
    { what: "retry as a number", options: { id: "bad", run, retry: 3 }, problem: "retry of task" },
    {
      what: "out of memory without a machine that exists",
      options: { id: "bad", run, retry: { outOfMemory: { machine: "huge" } } },
      problem: 'retry.outOfMemory.machine of task "bad" must be one of',
    },
    { what: "a queue by name alone", options: { id: "bad", run, queue: "q" }, problem: "queue of task" },
    { what: "a queue with a strange name", options: { id: "bad", run, queue: { name: "a b" } }, problem: "queue.name" },
    {
      what: "an unknown queue option",
      options: { id: "bad", run, queue: { name: "q", limit: 1 } },
      problem: '"limit"',
    },
    { what: "no attempts", options: { id: "bad", run, retry: { maxAttempts: 0 } }, problem: "retry.maxAttempts" },
    { what: "half an attempt", options: { id: "bad", run, retry: { maxAttempts: 1.5 } }, problem: "retry.maxAttempts" },
    {
      what: "too many attempts",
      options: { id: "bad", run, retry: { maxAttempts: 101 } },
      problem: "retry.maxAttempts",
    },
    { what: "a factor below 1", options: { id: "bad", run, retry: { factor: 0.5 } }, problem: "retry.factor" },
    {
      what: "a factor that is not a number",
      options: { id: "bad", run, retry: { factor: Number.NaN } },
      problem: "retry.factor",
    },
    {
      what: "a negative delay",
      options: { id: "bad", run, retry: { minTimeoutInMs: -1 } },
      problem: "retry.minTimeoutInMs",
    },
    {
      what: "a least delay above the most",
      options: { id: "bad", run, retry: { minTimeoutInMs: 2, maxTimeoutInMs: 1 } },
      problem: "retry.minTimeoutInMs",
    },
    {
      what: "an absurd delay",
      options: { id: "bad", run, retry: { maxTimeoutInMs: 1e12 } },
      problem: "retry.maxTimeoutInMs",
    },
    { what: "an unknown retry option", options: { id: "bad", run, retry: { attempts: 1 } }, problem: '"attempts"' },
  ])("refuses $what", ({ options, problem }) => {
    expect(() => task(options as never)).toThrow(problem);
    expect(taskRegistry.get("bad")).toBeUndefined();
  });
});

describe("global hooks", () => {
  const a = (): void => {};
  const b = (): void => {};

  it("are kept in registration order; the same name again replaces in place", () => {
    const hooks = new HookRegistry();
    hooks.register("onStart", { name: "first", fn: a });
    hooks.register("onStart", { name: "", fn: a });
    hooks.register("onStart", { name: "", fn: a });
    hooks.register("onStart", { name: "first", fn: b });
    expect(hooks.get("onStart").map(({ name, fn }) => [name, fn === b])).toEqual([
      ["first", true],
      ["", false],
      ["", false],
    ]);
    expect(hooks.get("cleanup")).toEqual([]);
  });

  it("registered while an attempt runs are gone after it; replaced ones are back", () => {
    const hooks = new HookRegistry();
    hooks.register("init", { name: "named", fn: a });
    hooks.beginAttempt();
    const before = hooks.get("init");
    hooks.register("init", { name: "named", fn: b });
    hooks.register("init", { name: "", fn: b });
    expect(hooks.get("init")).toHaveLength(2);
    expect(before).toHaveLength(1);
    hooks.endAttempt();
    expect(hooks.get("init")).toEqual([{ name: "named", fn: a }]);
  });

  it("are at most 40 of a kind", () => {
    const hooks = new HookRegistry();
    for (let count = 0; count < 40; count++) hooks.register("cleanup", { name: `${count}`, fn: a });
    expect(() => hooks.register("cleanup", { name: "", fn: a })).toThrow("there are 40 global cleanup hooks");
    hooks.register("cleanup", { name: "0", fn: b });
  });

  it("are registered by tasks.onX, with a name or without", () => {
    tasks.onFailure(a);
    tasks.onFailure("named", b);
    expect(globalHooks.get("onFailure")).toEqual([
      { name: "", fn: a },
      { name: "named", fn: b },
    ]);
    expect(() => tasks.onFailure("no function" as never)).toThrow("tasks.onFailure takes a function");
  });
});

describe("logger", () => {
  it("writes to the console outside of an attempt", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    logger.warn("careful", { a: 1 });
    expect(warn).toHaveBeenCalledWith("careful", { a: 1 });
    warn.mockRestore();
  });

  it("does not write what is below the config's log level", () => {
    const debug = vi.spyOn(console, "debug").mockReturnValue();
    const error = vi.spyOn(console, "error").mockReturnValue();
    projectDefaults.current = { logLevel: "info" };
    logger.debug("quiet");
    logger.error("loud");
    projectDefaults.current = { logLevel: "none" };
    logger.error("nothing at all");
    projectDefaults.current = {};
    logger.trace("everything");
    expect(debug.mock.calls).toEqual([["everything"]]);
    expect(error.mock.calls).toEqual([["loud"]]);
    vi.restoreAllMocks();
  });

  it("writes to the attempt that runs", () => {
    const log = vi.fn<(level: string, message: string, attributes?: unknown) => void>();
    activeAttempt.current = fakeAttempt({ log });
    logger.log("hello", { a: 1 });
    logger.info({ not: "a string" } as never);
    activeAttempt.current = undefined;
    expect(log.mock.calls).toEqual([
      ["info", "hello", { a: 1 }],
      ["info", "{ not: 'a string' }", undefined],
    ]);
  });
});

it("two copies of the SDK in one process share tasks and hooks", async () => {
  vi.resetModules();
  const other = await import("../index.ts");
  expect(other.task).not.toBe(task);
  other.task({ id: "from the other copy", run });
  expect(taskRegistry.get("from the other copy")).toBeDefined();
});

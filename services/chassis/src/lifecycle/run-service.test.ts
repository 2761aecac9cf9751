import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";

/** A whole service in a process of its own, whose one component behaves as `behaviour` says. */
function program(behaviour: string): string {
  return `
    import { createService, runService } from "./index.ts";
    import { createLogger } from "../telemetry/index.ts";
    const logger = createLogger({ service: "test", level: "info" });
    const component = {
      name: "worker",
      start: async () => {},
      drain: async () => logger.info("worker drained"),
      stop: async () => logger.info("worker stopped"),
      ...${behaviour},
    };
    await runService(createService("test", [component], { logger, drainTimeoutMs: 200 }));
  `;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function startProgram(behaviour: string, env: Record<string, string> = {}) {
  const args = ["--input-type=module-typescript", "--eval", program(behaviour)];
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, env, stdio: "pipe" });
  children.push(child);
  const messages: string[] = [];
  const waiting = new Map<string, () => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { msg } = JSON.parse(line) as { msg: string };
    messages.push(msg);
    waiting.get(msg)?.();
  });
  return {
    child,
    messages,
    logged: (msg: string) =>
      messages.includes(msg) ? Promise.resolve() : new Promise<void>((resolve) => waiting.set(msg, resolve)),
    exitCode: once(child, "close").then(([code]) => code as number | null),
  };
}

test.each(["SIGTERM", "SIGINT"] as const)("%s drains, stops and exits 0", async (signal) => {
  const { child, messages, logged, exitCode } = startProgram("{}");
  await logged("started");
  child.kill(signal);
  expect(await exitCode).toBe(0);
  expect(messages).toEqual(["started", "stopping", "worker drained", "worker stopped", "stopped"]);
});

test("a drain that does not end is cut at its limit, and the exit is still clean", async () => {
  const { child, messages, logged, exitCode } = startProgram(`{
    drain: (signal) => new Promise((resolve) => signal.addEventListener("abort", () => {
      logger.info("gave back");
      resolve();
    })),
  }`);
  await logged("started");
  child.kill("SIGTERM");
  expect(await exitCode).toBe(0);
  expect(messages).toEqual(["started", "stopping", "gave back", "worker stopped", "stopped"]);
});

test("the same signal again exits 1 at once; another one does not", async () => {
  const { child, messages, logged, exitCode } = startProgram(`{
    start: async () => { setImmediate(() => process.on("SIGTERM", () => logger.info("still draining"))); },
    drain: () => { logger.info("draining"); return new Promise(() => {}); },
  }`);
  await logged("started");
  child.kill("SIGINT");
  await logged("draining");
  child.kill("SIGTERM");
  await logged("still draining");
  child.kill("SIGINT");
  expect(await exitCode).toBe(1);
  expect(messages).toEqual(["started", "stopping", "draining", "still draining", "stopped at once"]);
});

test("a signal while it starts stops it", async () => {
  const { child, messages, logged, exitCode } = startProgram(`{
    start: () => { logger.info("starting"); return new Promise((_, reject) => { component.reject = reject; }); },
    stop: async () => component.reject(new Error("stopped")),
  }`);
  await logged("starting");
  child.kill("SIGTERM");
  expect(await exitCode).toBe(0);
  expect(messages).toEqual(["starting", "stopping", "worker drained", "stopped"]);
});

test.each([
  ["start fails", `{ start: async () => { throw new Error("no port"); } }`, "start failed"],
  ["nobody handles a rejection", `{ start: async () => { void Promise.reject(new Error("lost")); } }`, "crashed"],
  ["nobody catches", `{ start: async () => { setImmediate(() => { throw new Error("lost"); }); } }`, "crashed"],
])("when %s it is logged and exits 1", async (_, behaviour, message) => {
  const { messages, exitCode } = startProgram(behaviour);
  expect(await exitCode).toBe(1);
  expect(messages).toContain(message);
});

test("with WINDLASS_EXIT_WITH_PARENT=1 the end of standard input stops it; without, it does not matter", async () => {
  const bound = startProgram("{}", { WINDLASS_EXIT_WITH_PARENT: "1" });
  const free = startProgram("{}");
  await Promise.all([bound.logged("started"), free.logged("started")]);
  free.child.stdin.end();
  bound.child.stdin.end();
  expect(await bound.exitCode).toBe(0);
  expect(bound.messages).toEqual(["started", "stopping", "worker drained", "worker stopped", "stopped"]);
  expect(free.messages).toEqual(["started"]);
});

test("it outlives whoever read its log", async () => {
  const { child, logged, exitCode } = startProgram(`{
    start: async () => { setInterval(() => { logger.info("tick"); process.stderr.write("."); }, 1); },
  }`);
  await logged("tick");
  child.stdout.destroy();
  await once(child.stdout, "close");
  for (let ticks = 0; ticks < 20;) ticks += ((await once(child.stderr, "data"))[0] as Buffer).length;
  child.kill("SIGTERM");
  expect(await exitCode).toBe(0);
});

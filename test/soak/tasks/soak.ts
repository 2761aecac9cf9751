import { spawn } from "node:child_process";
import { AbortTaskRunError, task, wait } from "@windlass/sdk";

const quickRetry = { maxAttempts: 2, factor: 1, minTimeoutInMs: 10, maxTimeoutInMs: 10, randomize: false };
const once = { ...quickRetry, maxAttempts: 1 };
const MEGABYTE = 1024 * 1024;

const forever = (): Promise<never> => new Promise(() => undefined);

/** Stops this thread, its event loop with it, for ever. */
function neverReturn(): never {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(never, 0, 0, 1_000);
}

export const succeed = task({
  id: "succeed",
  run: async (payload: { n: number }) => ({ n: payload.n }),
});

export const throwOnce = task({
  id: "throw-once",
  retry: quickRetry,
  run: async (_payload: object, { ctx }) => {
    if (ctx.attempt.number === 1) throw new Error("the first attempt always fails");
    return {};
  },
});

export const throwAlways = task({
  id: "throw-always",
  retry: quickRetry,
  run: async () => {
    throw new Error("every attempt fails");
  },
});

export const abort = task({
  id: "abort",
  retry: quickRetry,
  run: async () => {
    throw new AbortTaskRunError("do not try again");
  },
});

/** Leaves a process behind, which must not outlive it. */
export const exit = task({
  id: "exit",
  retry: once,
  run: async (payload: { code: number }) => {
    spawn("sleep", ["3600"], { stdio: "ignore" });
    process.exit(payload.code);
  },
});

export const exitOnce = task({
  id: "exit-once",
  retry: quickRetry,
  run: async (_payload: object, { ctx }) => {
    if (ctx.attempt.number === 1) process.exit(3);
    return {};
  },
});

export const signal = task({
  id: "signal",
  retry: once,
  run: async (payload: { signal: NodeJS.Signals }) => {
    process.kill(process.pid, payload.signal);
    await forever();
  },
});

export const uncaught = task({
  id: "uncaught",
  retry: once,
  run: async () => {
    setImmediate(() => {
      throw new Error("nobody catches this");
    });
    await forever();
  },
});

export const fillHeap = task({
  id: "fill-heap",
  machine: "micro",
  retry: once,
  run: async () => {
    const kept: unknown[] = [];
    for (;;) kept.push(Array.from({ length: 100_000 }, (_, n) => ({ n })));
  },
});

/** More than the machine has, but not so much more that the machine it runs on suffers where nothing limits it. */
export const fillMemory = task({
  id: "fill-memory",
  machine: "micro",
  retry: once,
  run: async () => {
    const kept = Array.from({ length: 24 }, () => Buffer.alloc(16 * MEGABYTE, 1));
    await forever();
    return { kept: kept.length };
  },
});

export const cancelable = task({
  id: "cancelable",
  retry: once,
  run: async (_payload: object, { signal: canceled }) => {
    await new Promise((resolve) => canceled.addEventListener("abort", resolve, { once: true }));
  },
});

/** Hears of no cancel. */
export const deaf = task({ id: "deaf", retry: once, run: async () => neverReturn() });

export const loopIdly = task({ id: "loop-idly", maxDuration: 5, retry: once, run: async () => neverReturn() });

export const loopHotly = task({
  id: "loop-hotly",
  maxDuration: 5,
  retry: once,
  run: async () => {
    for (let n = 0; ; n += 1) if (n < 0) return {};
  },
});

export const waitShortly = task({
  id: "wait-shortly",
  run: async () => {
    await wait.for({ seconds: 1 });
    return {};
  },
});

/** Long enough for its process to be suspended. */
export const waitSuspended = task({
  id: "wait-suspended",
  run: async () => {
    await wait.for({ seconds: 6 });
    return {};
  },
});

import { spawn } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { task, wait } from "@windlass/sdk";

const quickRetry = { maxAttempts: 5, factor: 1, minTimeoutInMs: 10, maxTimeoutInMs: 10, randomize: false };
const BEAT_MS = 10;

/** Where an attempt beats, and the gate at which it ends. */
export interface BeatingPayload {
  readonly file: string;
  readonly gate: string;
}

/** A line for each beat: which attempt, of which process, when. */
function beat({ file }: BeatingPayload, attempt: number): void {
  appendFileSync(file, `${attempt} ${process.pid} ${Date.now()}\n`);
}

/** Beats until the gate is open, and hears of everything meanwhile. */
export const beating = task({
  id: "beating",
  retry: quickRetry,
  run: async (payload: BeatingPayload, { ctx }) => {
    do {
      beat(payload, ctx.attempt.number);
      await sleep(BEAT_MS);
    } while (!existsSync(payload.gate));
    return { attempt: ctx.attempt.number };
  },
});

/** The same in one turn of the event loop: it hears of nothing, and only a kill ends it. */
export const deafBeating = task({
  id: "deaf-beating",
  retry: quickRetry,
  run: async (payload: BeatingPayload, { ctx }) => {
    const never = new Int32Array(new SharedArrayBuffer(4));
    do {
      beat(payload, ctx.attempt.number);
      Atomics.wait(never, 0, 0, BEAT_MS);
    } while (!existsSync(payload.gate));
    return { attempt: ctx.attempt.number };
  },
});

/** A child process beats in its place. */
export const childBeating = task({
  id: "child-beating",
  retry: quickRetry,
  run: async (payload: BeatingPayload, { ctx }) => {
    const script = 'while :; do echo "$1 $$ $(date +%s%3N)" >> "$2"; sleep 0.01; done';
    const child = spawn("/bin/sh", ["-c", script, "child", String(ctx.attempt.number), payload.file], {
      stdio: "ignore",
    });
    while (!existsSync(payload.gate)) await sleep(BEAT_MS);
    child.kill("SIGKILL");
    return { attempt: ctx.attempt.number };
  },
});

/** Its first attempt waits, suspended, for longer than any test; another is done at once. */
export const waitingOnce = task({
  id: "waiting-once",
  retry: quickRetry,
  run: async (payload: BeatingPayload, { ctx }) => {
    beat(payload, ctx.attempt.number);
    if (ctx.attempt.number === 1) await wait.for({ hours: 1 });
    return { attempt: ctx.attempt.number };
  },
});

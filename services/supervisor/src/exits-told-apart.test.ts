import { AttemptOutcome, type Lease, type ProcessEnded, RunErrorCode } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { execute, tokenOf, untilStarted } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

// Each way in which an attempt can end without a result has a code, a sentence and a hint of its own. What the kernel says of
// memory is in exit-policy.test.ts and the drivers' tests; a heartbeat that is lost is the run-store's to say.
const bundle = workerBundle();
const unimportable = workerBundle("import-error");

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([bundle, unimportable], { WINDLASS_WORKERS: "1", ...settings });
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const leaseOf = (taskId: string, extra: { machine?: string; payload?: unknown; bundleHash?: string } = {}): Lease =>
  makeLease({ taskId, bundleHash: bundle.hash, ...extra });

function processEnded({ store }: TestSupervisor, lease: Lease): ProcessEnded | undefined {
  const { events } = store.row(tokenOf(lease));
  return events.flatMap(({ body }) => (body.case === "processEnded" ? [body.value] : [])).at(-1);
}

const { CRASHED, FAILED, LOST } = AttemptOutcome;

describe("an attempt that has ended without a result", () => {
  it.each([
    ["exit n", leaseOf("exit"), CRASHED, RunErrorCode.PROCESS_EXITED, /exited with code 3/, /process\.exit\(\)/],
    ["a signal", leaseOf("signal"), CRASHED, RunErrorCode.PROCESS_SIGNALED, /ended by SIGSEGV/, /native addon/],
    [
      "a full heap",
      leaseOf("oom"),
      CRASHED,
      RunErrorCode.OUT_OF_MEMORY,
      // Whoever is first: V8, or the supervisor, which sees what V8 needs beside its heap. exit-policy.test.ts tells them apart.
      /heap is full.*small-1x, 512 MB|more memory than its machine has \(small-1x, 512 MB\)/,
      /larger machine/,
    ],
    [
      "more memory than the machine has",
      leaseOf("buffers", { machine: "micro" }),
      CRASHED,
      RunErrorCode.OUT_OF_MEMORY,
      /more memory than its machine has \(micro, 256 MB\)/,
      /larger machine/,
    ],
    [
      "an uncaught exception",
      leaseOf("uncaught"),
      FAILED,
      RunErrorCode.UNCAUGHT_EXCEPTION,
      /boom/,
      /^Await the promise/,
    ],
    [
      "a failure at import",
      leaseOf("echo", { bundleHash: unimportable.hash }),
      LOST,
      RunErrorCode.TASK_IMPORT_ERROR,
      /Unexpected token/,
      /deploy again/,
    ],
    [
      "a violation of the protocol",
      leaseOf("other-run"),
      CRASHED,
      RunErrorCode.PROTOCOL_VIOLATION,
      /of another run/,
      /SDK/,
    ],
  ])("by %s says so, and what can be done", async (_, lease, outcome, code, message, hint) => {
    const { error, ...finish } = await execute(await start(), lease);
    expect(finish.outcome).toBe(outcome);
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
    expect(error?.hint).toMatch(hint);
  });

  it("by the end of its supervisor's drain is EVICTED", async () => {
    const supervisor = await start();
    const lease = leaseOf("hang");
    supervisor.queue.offer(lease);
    await untilStarted(supervisor, lease);
    await supervisor.service.drain(AbortSignal.abort());
    await supervisor.service.stop();
    const { finish } = supervisor.store.row(tokenOf(lease));
    expect(finish).toMatchObject({
      outcome: LOST,
      error: {
        code: RunErrorCode.EVICTED,
        message: "The supervisor was stopped before the attempt had ended.",
        hint: expect.stringContaining("WINDLASS_DRAIN_TIMEOUT_MS"),
      },
    });
  });
});

describe("the timeline of an attempt that ended with its process", () => {
  it("tells how that ended and what it wrote last, to stdout and stderr", async () => {
    const supervisor = await start();
    const [exited, signaled] = [leaseOf("exit"), leaseOf("signal")];
    await execute(supervisor, exited);
    await execute(supervisor, signaled);
    const quiet = { attemptNumber: 1, omittedOutputBytes: 0n };
    expect(processEnded(supervisor, exited)).toMatchObject({
      ...quiet,
      exitCode: 3,
      signal: "",
      output: "last words\n",
    });
    expect(processEnded(supervisor, signaled)).toMatchObject({ ...quiet, signal: "SIGSEGV", output: "" });
  });

  it("keeps the last 64 KB, and counts the rest", async () => {
    const supervisor = await start();
    const lease = leaseOf("exit-wordily", { payload: "the end" });
    await execute(supervisor, lease);
    const ended = processEnded(supervisor, lease);
    expect(ended?.output).toBe(`${"x".repeat(64 * 1024 - 9)}"the end"`);
    expect(ended?.omittedOutputBytes).toBe(BigInt(100_009 - 64 * 1024));
  });

  it("tells nothing of what the process wrote for an attempt before", async () => {
    const supervisor = await start();
    const [first, second] = [leaseOf("whisper"), leaseOf("exit")];
    await execute(supervisor, first);
    await execute(supervisor, second);
    expect(processEnded(supervisor, first)).toBeUndefined();
    expect(processEnded(supervisor, second)?.output).toBe("last words\n");
  });
});

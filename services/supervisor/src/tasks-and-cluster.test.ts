import { type Lease, RunErrorCode, AttemptOutcome } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([bundle], { WINDLASS_WORKERS: "1", ...settings });
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

type Overrides = NonNullable<Parameters<typeof makeLease>[0]>;

const leaseOf = (taskId: string, overrides: Overrides = {}): Lease =>
  makeLease({ taskId, bundleHash: bundle.hash, ...overrides });
const tokenOf = ({ ref }: Lease): string => ref?.leaseToken ?? "";

function execute(supervisor: TestSupervisor, lease: Lease) {
  supervisor.queue.offer(lease);
  return supervisor.store.finished(tokenOf(lease));
}

function logs({ store }: TestSupervisor, lease: Lease): string[] {
  return store.row(tokenOf(lease)).events.flatMap(({ body }) => (body.case === "log" ? [body.value.message] : []));
}

describe("what a task calls", () => {
  it("is answered by the run-store for the worker's environment, with its failures, and ends with the process", async () => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "0" });
    const lease = leaseOf("call", { environmentId: "env_caller" });
    supervisor.queue.offer(lease);
    await supervisor.store.until(() => logs(supervisor, lease).includes("called"));
    expect(logs(supervisor, lease)).toEqual([
      "run of child",
      "FIELD_INVALID trigger.task_id",
      "answered 1 2 3",
      "watched 100",
      "CALL_ENDED",
      "API_KEY_INVALID",
      "called",
    ]);
    const { calls } = supervisor.store.taskServices;
    expect(new Set(calls.map(({ environmentId }) => environmentId))).toEqual(new Set(["env_caller"]));
    // The read whose deadline had passed was given up at the run-store too; the one left open ends with its process.
    const reads = () => calls.filter(({ method }) => method.endsWith("GetRun")).map(({ isAborted }) => isAborted);
    await supervisor.store.until(() => reads().length === 2);
    expect(reads()[0]).toBe(true);
    supervisor.store.push({
      cancels: [{ $typeName: "windlass.internal.v1.CancelLease", ref: lease.ref, reason: "" }],
    });
    await supervisor.store.until(() => reads().every(Boolean));
  });
});

describe("variables", () => {
  it("are given to a worker before it loads code, read once a revision; another revision has other processes", async () => {
    const supervisor = await start();
    let revision = 1n;
    supervisor.store.answerVariables = (environmentId) => ({
      variables: { OF: environmentId, REVISION: String(revision) },
      revision,
      secretNames: [],
    });
    const configured = async (variablesRevision: bigint) => {
      const lease = leaseOf("configured", { environmentId: "env_a", variablesRevision });
      await execute(supervisor, lease);
      return JSON.parse(logs(supervisor, lease)[0] ?? "") as Record<string, string>;
    };
    expect(await configured(1n)).toEqual({ OF: "env_a", REVISION: "1" });
    expect(await configured(1n)).toEqual({ OF: "env_a", REVISION: "1" });
    expect(supervisor.store.variablesRead).toEqual(["env_a"]);
    revision = 2n;
    expect(await configured(2n)).toEqual({ OF: "env_a", REVISION: "2" });
    expect(supervisor.store.variablesRead).toEqual(["env_a", "env_a"]);
  });
});

describe("what a task says of its run", () => {
  it("reaches the store: the newest metadata, all tags; the worker is told its machine, how long it may run, and that onComplete was called", async () => {
    const supervisor = await start();
    const lease = leaseOf("described", { machine: "micro", maxDurationSeconds: 7, isCompletionTold: true });
    await execute(supervisor, lease);
    expect(JSON.parse(logs(supervisor, lease)[0] ?? "")).toEqual({
      machine: { $typeName: "windlass.worker.v1.Machine", name: "micro", cpu: 0.25, memory: 0.25 },
      seconds: 7,
      isCompletionTold: true,
    });
    const { updates } = supervisor.store.row(tokenOf(lease));
    expect(Buffer.from(updates.at(-1)?.metadata?.data ?? []).toString()).toBe('{"count":2}');
    expect(new Set(updates.flatMap(({ addTags }) => addTags))).toEqual(new Set(["a", "b"]));
  });
});

describe("an attempt that runs too long", () => {
  it("is ended a second after its maxDuration, also in an endless loop", async () => {
    const supervisor = await start();
    const lease = leaseOf("loop", { maxDurationSeconds: 1 });
    const finish = await execute(supervisor, lease);
    expect(finish).toMatchObject({
      outcome: AttemptOutcome.TIMED_OUT,
      error: { code: RunErrorCode.MAX_DURATION_EXCEEDED },
    });
    expect(finish.retry).toBeUndefined();
  });

  it("and says so itself is TIMED_OUT, if it has a maxDuration; its process is not used again", async () => {
    const supervisor = await start();
    const limited = await execute(supervisor, leaseOf("timed-out", { maxDurationSeconds: 5 }));
    expect(limited.outcome).toBe(AttemptOutcome.TIMED_OUT);
    const next = await execute(supervisor, leaseOf("timed-out"));
    expect(next).toMatchObject({ outcome: AttemptOutcome.FAILED, error: { code: RunErrorCode.TASK_ERROR } });
    expect(next.events[0]?.body).not.toMatchObject({ value: { workerId: "worker-1" } });
  });
});

it("an attempt whose handleError threw has crashed, and is not repeated", async () => {
  const finish = await execute(await start(), leaseOf("handle-error"));
  expect(finish).toMatchObject({
    outcome: AttemptOutcome.CRASHED,
    error: { code: RunErrorCode.HANDLE_ERROR_ERROR },
    retry: { decision: { case: "never" } },
  });
});

it("a process that is seen with more memory than its machine has is ended: OUT_OF_MEMORY, as with a full heap", async () => {
  const supervisor = await start();
  const finish = await execute(supervisor, leaseOf("buffers", { machine: "micro" }));
  expect(finish).toMatchObject({
    outcome: AttemptOutcome.CRASHED,
    error: { code: RunErrorCode.OUT_OF_MEMORY, message: expect.stringContaining("micro, 256 MB") },
  });
  const { usedBytes } = JSON.parse(finish.error?.fieldsJson ?? "") as { usedBytes: number };
  expect(usedBytes).toBeGreaterThan(256 * 1024 * 1024);
});

it("a machine that the supervisor does not know is said by name", async () => {
  const finish = await execute(await start(), leaseOf("echo", { machine: "huge" }));
  expect(finish).toMatchObject({ outcome: AttemptOutcome.LOST, error: { code: RunErrorCode.WORKER_START_FAILED } });
  expect(finish.error?.message).toContain('"huge"');
});

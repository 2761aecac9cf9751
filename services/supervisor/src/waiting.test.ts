import { randomUUID } from "node:crypto";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { AttemptOutcome, type Lease, type LeaseRef, RunErrorCode } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { cancelOf, timeline, tokenOf } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { continuationOf, makeLease } from "./testing/make-lease.ts";
import { eventually, isAlive, stateOf } from "./testing/processes.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([bundle], {
    WINDLASS_WORKERS: "1",
    WINDLASS_HEARTBEAT_INTERVAL_MS: "100",
    ...settings,
  });
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

/** A lease of a task that waits, and the id of its wait. */
function waiting(payload: object, taskId = "wait", environmentId = "env_test"): { lease: Lease; waitId: string } {
  const waitId = randomUUID();
  const lease = makeLease({ taskId, environmentId, bundleHash: bundle.hash, payload: { id: waitId, ...payload } });
  return { lease, waitId };
}

const forRun = (runId: string) => ({ kind: { case: "runId", value: runId } });
const forToken = (tokenId: string) => ({ kind: { case: "tokenId", value: tokenId } });
const forBatch = (runIds: readonly string[]) => ({ kind: { case: "batch", value: { batchId: "batch_1", runIds } } });

const echo = () => makeLease({ bundleHash: bundle.hash });
const rowOf = ({ store }: TestSupervisor, lease: Lease) => store.row(tokenOf(lease));
const refOf = ({ ref }: Lease): LeaseRef => {
  if (ref === undefined) throw new Error("a lease has a ref");
  return ref;
};
const millis = (time: Timestamp | undefined) => (time === undefined ? Number.NaN : timestampMs(time));

const isStopped = async (pid: number) => (await stateOf(pid)).startsWith("T");

/** Offers a lease whose task waits; resolves with its process once that is stopped. */
async function suspended(supervisor: TestSupervisor, lease: Lease): Promise<number> {
  supervisor.queue.offer(lease);
  const said = () => timeline(supervisor, lease).find((word) => word.startsWith("pid "));
  await supervisor.store.until(() => rowOf(supervisor, lease).waits.length === 1 && said() !== undefined);
  const pid = Number(said()?.slice(4));
  await eventually(() => isStopped(pid));
  return pid;
}

const untilOver = (supervisor: TestSupervisor, lease: Lease, waitId: string) =>
  supervisor.store.until(() => rowOf(supervisor, lease).waitsOver.includes(waitId));

describe("an attempt that waits", () => {
  it("has its process stopped and gives its slot back; goes on in it after its wait, under a new lease", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting(forRun("run_child"));
    const pid = await suspended(supervisor, lease);
    expect(timeline(supervisor, lease)).toContain("waitStarted");
    const other = echo();
    supervisor.queue.offer(other);
    expect(await supervisor.store.finished(tokenOf(other))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
    expect(supervisor.store.heartbeats.at(-1)?.leaseTokens).toContain(tokenOf(lease));
    expect(supervisor.store.taskServices.awaited).toEqual([
      { environmentId: "env_test", ids: ["run_child"], isEndEnough: true },
    ]);

    supervisor.store.taskServices.end("run_child");
    await untilOver(supervisor, lease, waitId);
    expect(await isStopped(pid)).toBe(true);
    const next = continuationOf(lease, waitId);
    supervisor.queue.offer(next);
    const finish = await supervisor.store.finished(tokenOf(next));
    expect(finish).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED, ref: { leaseToken: tokenOf(next) } });
    expect(timeline(supervisor, next)).toEqual(["waitEnded", `resumed ${waitId}`, "onResume"]);
    expect(rowOf(supervisor, lease).finish).toBeUndefined();
    await supervisor.store.until(() => supervisor.store.heartbeats.at(-1)?.leaseTokens.length === 0);
  });

  it("until a moment goes on when that has come", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting({ untilMs: 300 });
    supervisor.queue.offer(lease);
    await untilOver(supervisor, lease, waitId);
    const next = continuationOf(lease, waitId);
    supervisor.queue.offer(next);
    expect(await supervisor.store.finished(tokenOf(next))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
  });

  it("for a token or a batch goes on when all of it has come, whatever breaks meanwhile; each environment has its own stream", async () => {
    const supervisor = await start({ WINDLASS_WORKERS: "2" });
    const { taskServices } = supervisor.store;
    const runIds = Array.from({ length: 150 }, (_, nth) => `run_${nth}`);
    const token = waiting(forToken("token_1"), "wait", "env_other");
    const batch = waiting(forBatch(runIds));
    await suspended(supervisor, token.lease);
    await suspended(supervisor, batch.lease);
    await supervisor.store.until(() => taskServices.openAwaits() === 2);
    for (const runId of runIds.slice(1)) taskServices.end(runId);
    taskServices.cutAwaits();
    taskServices.end("token_1");
    await untilOver(supervisor, token.lease, token.waitId);
    expect(rowOf(supervisor, batch.lease).waitsOver).toEqual([]);
    taskServices.end("run_0");
    await untilOver(supervisor, batch.lease, batch.waitId);
    const ofTokens = taskServices.awaited.filter(({ ids }) => ids.includes("token_1"));
    expect(new Set(ofTokens.map(({ environmentId }) => environmentId))).toEqual(new Set(["env_other"]));
    expect(Math.max(...taskServices.awaited.map(({ ids }) => ids.length))).toBeLessThanOrEqual(100);
  });

  it("takes the next free slot, ahead of new leases", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting(forRun("run_child"));
    await suspended(supervisor, lease);
    const [long, fresh] = [makeLease({ taskId: "hang", bundleHash: bundle.hash }), echo()];
    supervisor.queue.offer(long);
    await supervisor.store.until(() => timeline(supervisor, long).includes("attemptStarted"));
    supervisor.store.taskServices.end("run_child");
    await untilOver(supervisor, lease, waitId);
    const next = continuationOf(lease, waitId);
    supervisor.queue.force(fresh, next);
    supervisor.store.push(cancelOf(long));
    const finish = await supervisor.store.finished(tokenOf(next));
    const { startTime: freshStart } = await supervisor.store.finished(tokenOf(fresh));
    expect(finish.outcome).toBe(AttemptOutcome.SUCCEEDED);
    // There is one slot, so the second began after the first was over. Reports say nothing of that: while the store has yet
    // to answer what was said first of an attempt, its end waits, and another's goes ahead.
    expect(millis(freshStart)).toBeGreaterThanOrEqual(millis(finish.finishTime));
  });

  it("goes on waiting when the lease that was to continue it is lost on its way, for the one that follows", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting(forRun("run_child"));
    await suspended(supervisor, lease);
    supervisor.store.taskServices.end("run_child");
    await untilOver(supervisor, lease, waitId);
    const [late, next] = [continuationOf(lease, waitId), continuationOf(lease, waitId)];
    supervisor.store.answerHeartbeat = () => ({ revoked: [refOf(late)] });
    const heartbeats = supervisor.store.heartbeats.length;
    await supervisor.store.until(() => supervisor.store.heartbeats.length > heartbeats + 1);
    supervisor.queue.force(late, next);
    expect(await supervisor.store.finished(tokenOf(next))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
    expect(rowOf(supervisor, late).finish).toBeUndefined();
  });

  it("is not timed out while it waits", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting({ untilMs: 2_500 });
    lease.maxDurationSeconds = 1;
    await suspended(supervisor, lease);
    await untilOver(supervisor, lease, waitId);
    const next = continuationOf(lease, waitId);
    supervisor.queue.offer(next);
    expect(await supervisor.store.finished(tokenOf(next))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
  });
});

describe("an attempt that waits and ends", () => {
  it.each(["suspended", "resuming", "continued"])(
    "by a cancel (%s) runs its onCancel hooks without a slot",
    async (when) => {
      const supervisor = await start();
      const { lease, waitId } = waiting(forRun("run_child"));
      const pid = await suspended(supervisor, lease);
      const blocking = makeLease({ taskId: "hang", bundleHash: bundle.hash });
      supervisor.queue.offer(blocking);
      await supervisor.store.until(() => timeline(supervisor, blocking).includes("attemptStarted"));
      const next = continuationOf(lease, waitId);
      if (when !== "suspended") {
        supervisor.store.taskServices.end("run_child");
        await untilOver(supervisor, lease, waitId);
      }
      if (when === "continued") {
        supervisor.queue.force(next);
        await supervisor.store.until(
          () => supervisor.store.heartbeats.at(-1)?.leaseTokens.includes(tokenOf(next)) === true,
        );
      }
      const held = when === "continued" ? next : lease;
      supervisor.store.push(cancelOf(held));
      const finish = await supervisor.store.finished(tokenOf(held));
      expect(finish).toMatchObject({ outcome: AttemptOutcome.CANCELED, error: { code: RunErrorCode.CANCELED } });
      expect(finish.hooks.map(({ hook }) => hook)).toEqual(["onCancel", "run"]);
      expect(await isAlive(pid)).toBe(false);
      supervisor.store.push(cancelOf(blocking));
      await supervisor.store.finished(tokenOf(blocking));
    },
  );

  it("because its process was killed has CRASHED, under the lease it waits by", async () => {
    const supervisor = await start();
    const { lease } = waiting(forRun("run_child"));
    process.kill(await suspended(supervisor, lease), "SIGKILL");
    expect(await supervisor.store.finished(tokenOf(lease))).toMatchObject({
      outcome: AttemptOutcome.CRASHED,
      error: { code: RunErrorCode.PROCESS_SIGNALED },
    });
  });

  it("while the lease that continues it is on its way ends the same under that one", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting(forRun("run_child"));
    const pid = await suspended(supervisor, lease);
    supervisor.store.taskServices.end("run_child");
    await untilOver(supervisor, lease, waitId);
    supervisor.store.answerWork = ({ finished }) => ({
      lost: finished.flatMap(({ ref }) => (ref?.leaseToken === tokenOf(lease) ? [ref] : [])),
    });
    process.kill(pid, "SIGKILL");
    await supervisor.store.until(() => rowOf(supervisor, lease).finish !== undefined);
    const [next, unknown] = [continuationOf(lease, waitId), continuationOf(echo(), randomUUID())];
    supervisor.queue.offer(next, unknown);
    expect(await supervisor.store.finished(tokenOf(next))).toMatchObject({
      outcome: AttemptOutcome.CRASHED,
      error: { code: RunErrorCode.PROCESS_SIGNALED },
    });
    expect(await supervisor.store.finished(tokenOf(unknown))).toMatchObject({ outcome: AttemptOutcome.LOST });
  });

  it("because its lease is taken back is killed silently", async () => {
    const supervisor = await start();
    const { lease } = waiting(forRun("run_child"));
    const pid = await suspended(supervisor, lease);
    supervisor.store.answerHeartbeat = () => ({ revoked: [refOf(lease)] });
    await eventually(async () => !(await isAlive(pid)));
    await supervisor.store.until(() => supervisor.store.heartbeats.at(-1)?.leaseTokens.length === 0);
    expect(rowOf(supervisor, lease).finish).toBeUndefined();
  });

  it("because the supervisor drains is LOST at once, and nothing is left stopped", async () => {
    const supervisor = await start();
    const { lease } = waiting(forRun("run_child"));
    const pid = await suspended(supervisor, lease);
    await supervisor.service.drain(new AbortController().signal);
    await supervisor.service.stop();
    expect(rowOf(supervisor, lease).finish).toMatchObject({
      outcome: AttemptOutcome.LOST,
      error: { code: RunErrorCode.EVICTED },
      retry: { decision: { case: "byPolicy" } },
    });
    expect(await isAlive(pid)).toBe(false);
  });

  it("because no more may wait here is FAILED and repeated by policy", async () => {
    const supervisor = await start({ WINDLASS_MAX_SUSPENDED: "1" });
    await suspended(supervisor, waiting(forRun("run_child")).lease);
    const { lease } = waiting(forRun("run_child"));
    supervisor.queue.offer(lease);
    expect(await supervisor.store.finished(tokenOf(lease))).toMatchObject({
      outcome: AttemptOutcome.FAILED,
      error: { code: RunErrorCode.SUSPEND_LIMIT_REACHED },
      retry: { decision: { case: "byPolicy" } },
    });
  });
});

describe("a hostile worker", () => {
  it.each(["wait-unstarted", "wait-twice", "wait-of-another", "wait-for-nothing"])("%s: is ended", async (taskId) => {
    const supervisor = await start();
    const { lease } = waiting(forRun("run_child"), taskId);
    supervisor.queue.offer(lease);
    expect(await supervisor.store.finished(tokenOf(lease))).toMatchObject({
      outcome: AttemptOutcome.CRASHED,
      error: { code: RunErrorCode.PROTOCOL_VIOLATION },
    });
  });

  it("that fails after it said that it waits has failed", async () => {
    const supervisor = await start();
    const { lease } = waiting(forRun("run_child"), "wait-and-fail");
    supervisor.queue.offer(lease);
    expect(await supervisor.store.finished(tokenOf(lease))).toMatchObject({
      outcome: AttemptOutcome.FAILED,
      error: { code: RunErrorCode.UNCAUGHT_EXCEPTION },
    });
  });

  it("that goes on talking is silent once it is stopped, and goes on after its wait", async () => {
    const supervisor = await start();
    const { lease, waitId } = waiting(forRun("run_child"), "wait-loudly");
    await suspended(supervisor, lease);
    const heard = timeline(supervisor, lease).length;
    await supervisor.store.until(() => supervisor.store.heartbeats.length > 5);
    expect(timeline(supervisor, lease).length - heard).toBeLessThan(100);
    supervisor.store.taskServices.end("run_child");
    await untilOver(supervisor, lease, waitId);
    const next = continuationOf(lease, waitId);
    supervisor.queue.offer(next);
    expect(await supervisor.store.finished(tokenOf(next))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
  });

  it("whose wait cannot be stored is ended, and others are not affected", async () => {
    const supervisor = await start();
    const { lease } = waiting(forRun("run_child"));
    supervisor.store.answerWork = ({ suspended: items }) =>
      items.length === 0
        ? {}
        : {
            error: { $typeName: "windlass.v1.CallError", code: 3, reason: 2, message: "no such wait", violations: [] },
          };
    supervisor.queue.offer(lease);
    expect(await supervisor.store.finished(tokenOf(lease))).toMatchObject({
      outcome: AttemptOutcome.CRASHED,
      error: { message: expect.stringContaining("no such wait") },
    });
  });
});

import { AttemptOutcome, type Lease, RunErrorCode } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { cancelOf, execute, pidOf, timeline, tokenOf, untilStarted } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { isAlive } from "./testing/processes.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor([bundle], settings);
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const leaseOf = (taskId: string): Lease => makeLease({ taskId, bundleHash: bundle.hash });

describe("a cancel", () => {
  it("is told to the worker, which ends the attempt itself; its process is not used again", async () => {
    const supervisor = await start();
    const lease = leaseOf("hang");
    supervisor.queue.offer(lease);
    await untilStarted(supervisor, lease);
    supervisor.store.push(cancelOf(lease));
    const finish = await supervisor.store.finished(tokenOf(lease));
    expect(finish).toMatchObject({ outcome: AttemptOutcome.CANCELED, error: { code: RunErrorCode.CANCELED } });
    expect(finish.output?.data.byteLength).toBeGreaterThan(0);
    expect(timeline(supervisor, lease)).toEqual([
      "attemptStarted",
      "DELIVERED",
      "ACKNOWLEDGED",
      "onCancel",
      "run",
      "HOOKS_DONE",
      "ENDED",
    ]);
    const { events } = await execute(supervisor, leaseOf("echo"));
    expect(events[0]?.body).not.toMatchObject({ value: { workerId: "worker-1" } });
  });

  it.each(["loop", "hang-unacknowledged"])(
    "of a worker that does not follow (%s) is forced at the limit",
    async (taskId) => {
      const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "200" });
      const lease = leaseOf(taskId);
      supervisor.queue.offer(lease);
      const pid = await pidOf(supervisor, lease);
      supervisor.store.push(cancelOf(lease));
      const finish = await supervisor.store.finished(tokenOf(lease));
      expect(finish.outcome).toBe(AttemptOutcome.CANCEL_FORCED);
      expect(timeline(supervisor, lease).slice(-2)).toEqual(["DELIVERED", "FORCED"]);
      // I5: what is reported as canceled executes no more.
      expect(await isAlive(pid)).toBe(false);
    },
  );

  it("that comes with a heartbeat's answer, or before its lease, is as good", async () => {
    const supervisor = await start({ WINDLASS_HEARTBEAT_INTERVAL_MS: "100" });
    const early = leaseOf("echo");
    supervisor.store.push(cancelOf(early));
    supervisor.queue.offer(early);
    expect(await supervisor.store.finished(tokenOf(early))).toMatchObject({ outcome: AttemptOutcome.CANCELED });
    expect(timeline(supervisor, early)).toEqual(["ENDED"]);

    const late = leaseOf("hang");
    supervisor.store.answerHeartbeat = (tokens) => (tokens.includes(tokenOf(late)) ? cancelOf(late) : {});
    supervisor.queue.offer(late);
    expect(await supervisor.store.finished(tokenOf(late))).toMatchObject({ outcome: AttemptOutcome.CANCELED });
  });
});

import { AttemptOutcome, type Lease, RunErrorCode } from "@windlass/proto";
import { afterEach, describe, expect, it } from "vitest";
import { cancelOf, execute, timeline, tokenOf } from "./testing/follow-lease.ts";
import { workerBundle } from "./testing/make-bundle.ts";
import { makeLease } from "./testing/make-lease.ts";
import { isAlive } from "./testing/processes.ts";
import { startSupervisor, type TestSupervisor } from "./testing/start-supervisor.ts";

const bundle = workerBundle();
const otherBundle = workerBundle("saying-hello", 2);
const thirdBundle = workerBundle("saying-hello", 3);
const broken = {
  "wrong-token": workerBundle("wrong-token"),
  "import-error": workerBundle("import-error"),
  exiting: workerBundle("exiting"),
  "old-protocol": workerBundle("old-protocol"),
};
const bundles = [bundle, otherBundle, thirdBundle, ...Object.values(broken)];

let running: TestSupervisor | undefined;

async function start(settings: Record<string, string> = {}): Promise<TestSupervisor> {
  running = await startSupervisor(bundles, settings);
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

const leaseOf = (taskId: string, bundleHash = bundle.hash): Lease => makeLease({ taskId, bundleHash });

describe("a worker that dies or lies", () => {
  it.each([
    ["exit", AttemptOutcome.CRASHED, RunErrorCode.PROCESS_EXITED, "byPolicy"],
    ["oom", AttemptOutcome.CRASHED, RunErrorCode.OUT_OF_MEMORY, "byPolicy"],
    ["other-run", AttemptOutcome.CRASHED, RunErrorCode.PROTOCOL_VIOLATION, "byPolicy"],
    ["no-messages", AttemptOutcome.CRASHED, RunErrorCode.PROTOCOL_VIOLATION, "byPolicy"],
    ["end-session", AttemptOutcome.CRASHED, RunErrorCode.PROTOCOL_VIOLATION, "byPolicy"],
    ["uncaught", AttemptOutcome.FAILED, RunErrorCode.UNCAUGHT_EXCEPTION, "byPolicy"],
  ])(
    "%s: the attempt ends with the reason, and another process serves the next",
    async (taskId, outcome, code, retry) => {
      const supervisor = await start({ WINDLASS_WORKERS: "1" });
      const finish = await execute(supervisor, leaseOf(taskId));
      expect(finish).toMatchObject({ outcome, error: { code } });
      expect(finish.retry?.decision.case).toBe(retry);
      const next = await execute(supervisor, leaseOf("echo"));
      expect(next.outcome).toBe(AttemptOutcome.SUCCEEDED);
      expect(next.events[0]?.body).not.toMatchObject({ value: { workerId: "worker-1" } });
    },
  );

  it("says with its last words why it ended", async () => {
    const { error } = await execute(await start(), leaseOf("exit"));
    expect(JSON.parse(error?.fieldsJson ?? "")).toEqual({ exitCode: 3, output: "last words\n" });
  });

  it("takes what it forked with it", async () => {
    const supervisor = await start({ WINDLASS_CANCEL_LIMIT_MS: "0" });
    const lease = leaseOf("fork");
    supervisor.queue.offer(lease);
    await supervisor.store.until(() => timeline(supervisor, lease).some((entry) => entry.startsWith("forked")));
    const pid = Number(
      timeline(supervisor, lease)
        .find((entry) => entry.startsWith("forked"))
        ?.slice(7),
    );
    expect(await isAlive(pid)).toBe(true);
    supervisor.store.push(cancelOf(lease));
    await supervisor.store.finished(tokenOf(lease));
    expect(await isAlive(pid)).toBe(false);
  });
});

describe("a version that cannot start", () => {
  it.each([
    ["import-error", RunErrorCode.TASK_IMPORT_ERROR, "never", /Unexpected token/],
    ["exiting", RunErrorCode.WORKER_START_FAILED, "byPolicy", /exited with code 9/],
    ["wrong-token", RunErrorCode.WORKER_START_FAILED, "byPolicy", /exited with code 0/],
    ["old-protocol", RunErrorCode.WORKER_START_FAILED, "byPolicy", /version 0 of the protocol/],
  ] as const)(
    "%s: every lease of it is lost with the reason, others are served",
    async (startsBy, code, retry, message) => {
      const supervisor = await start();
      const leases = [1, 2, 3].map(() => leaseOf("echo", broken[startsBy].hash));
      supervisor.queue.offer(...leases, leaseOf("echo"));
      for (const lease of leases) {
        const finish = await supervisor.store.finished(tokenOf(lease));
        expect(finish).toMatchObject({ outcome: AttemptOutcome.LOST, error: { code } });
        expect(finish.error?.message).toMatch(message);
        expect(finish.retry?.decision.case).toBe(retry);
      }
      expect(await execute(supervisor, leaseOf("echo"))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
    },
  );

  it("says so when the store does not have its bundle", async () => {
    const finish = await execute(await start(), leaseOf("echo", "f".repeat(64)));
    expect(finish).toMatchObject({ outcome: AttemptOutcome.LOST, error: { code: RunErrorCode.WORKER_START_FAILED } });
    expect(finish.error?.message).toMatch(/no such bundle/);
  });
});

describe("versions", () => {
  it("take turns when there are more of them than places", async () => {
    const supervisor = await start({ WINDLASS_WORKERS: "1" });
    for (const { hash } of [bundle, otherBundle, thirdBundle, bundle]) {
      expect(await execute(supervisor, leaseOf("echo", hash))).toMatchObject({ outcome: AttemptOutcome.SUCCEEDED });
    }
    expect(supervisor.store.fetched).toEqual([bundle.hash, otherBundle.hash, thirdBundle.hash]);
    expect((await supervisor.workers()).length).toBeLessThanOrEqual(3);
  });
});

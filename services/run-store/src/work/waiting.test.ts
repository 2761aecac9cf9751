import { RunErrorCode, RunStatus } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { expireSupervisors, unregisterSupervisor } from "../supervisors/remove-supervisors.ts";
import { renewSupervisor } from "../supervisors/renew-supervisor.ts";
import { failed, heartbeatOf, json, leaseKey, logEvent, runError } from "../testing/reports.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";

const store = await shareHotStore();
let supervisors = 0;

const WAIT = "11111111-1111-4111-8111-111111111111";
const NEXT_WAIT = "22222222-2222-4222-8222-222222222222";

/** A run that waits, at a supervisor of its own. */
async function waiting(task = "hello") {
  const supervisorId = `sup_waiting_${(supervisors += 1)}`;
  await store.register(supervisorId);
  const runId = await store.trigger({ taskId: task });
  const lease = await store.claim(runId, supervisorId);
  expect(await store.suspend(lease, WAIT)).toEqual([]);
  return { runId, lease, supervisorId, token: lease.ref?.leaseToken ?? "" };
}

/** A run whose wait is over, and whose process is still suspended. */
async function resumable(task = "hello") {
  const run = await waiting(task);
  expect(await store.resume(run.lease, WAIT)).toEqual([]);
  return run;
}

const renew = (supervisorId: string, tokens: string[]) =>
  renewSupervisor({ db: store.postgres, reporter: store.parts.reporter }, supervisorId, heartbeatOf(tokens));
const claimedLongAgo = (runId: string) =>
  store.sql("UPDATE runs SET claim_time = now() - interval '11 s' WHERE id = $1", [runId]);

describe("an attempt that waits", () => {
  it("keeps its lease, and continues under a new one, as the same attempt, without a payload", async () => {
    const { runId, lease, supervisorId, token } = await waiting();
    const place = (await store.run(runId)).queue_time;
    expect(await store.run(runId)).toMatchObject({ status: "WAITING", lease_token: token, wait_id: WAIT });
    await store.resume(lease, WAIT);
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED", lease_token: token, queue_time: place });
    const continued = await store.claim(runId, supervisorId);
    expect(continued).toMatchObject({ attemptNumber: 1, resumeWaitId: WAIT, deploymentId: lease.deploymentId });
    expect(continued.run?.payload).toBeUndefined();
    expect(continued.ref?.leaseToken).not.toBe(token);
    expect(await store.finish(lease)).toEqual([leaseKey(lease)]);
    expect(await store.finish(continued)).toEqual([]);
    expect(await store.statuses(runId)).toEqual(["QUEUED", "EXECUTING", "WAITING", "QUEUED", "EXECUTING", "COMPLETED"]);
  });

  it("can wait again", async () => {
    const { runId, supervisorId } = await resumable();
    const continued = await store.claim(runId, supervisorId);
    expect(await store.suspend(continued, NEXT_WAIT)).toEqual([]);
    expect(await store.resume(continued, NEXT_WAIT)).toEqual([]);
    expect(await store.claim(runId, supervisorId)).toMatchObject({ attemptNumber: 1, resumeWaitId: NEXT_WAIT });
  });

  it("is told to the queue as its supervisor's alone, and nobody else can claim it", async () => {
    const { runId, lease, supervisorId } = await waiting();
    const queued = store.feed.queued.subscribe(10);
    await store.resume(lease, WAIT);
    for await (const [run] of queued) {
      expect(run).toMatchObject({ runId, supervisorId });
      break;
    }
    await expect(store.claim(runId)).rejects.toMatchObject({ message: expect.stringContaining("not queued") });
    expect((await store.claim(runId, supervisorId)).resumeWaitId).toBe(WAIT);
  });

  it("continues once per wait, whatever is said again (I6), and late duplicates are OK (I2)", async () => {
    const { runId, lease, supervisorId } = await waiting();
    expect(await store.suspend(lease, WAIT)).toEqual([]);
    expect(await Promise.all([store.resume(lease, WAIT), store.resume(lease, WAIT)])).toEqual([[], []]);
    expect(await store.suspend(lease, WAIT)).toEqual([]);
    const continued = await store.claim(runId, supervisorId);
    const before = await store.run(runId);
    expect(await store.suspend(lease, WAIT)).toEqual([]);
    expect(await store.resume(lease, WAIT)).toEqual([]);
    expect(await store.resume(lease, NEXT_WAIT), "a wait it never had").toEqual([leaseKey(lease)]);
    expect(await store.run(runId)).toEqual(before);
    await store.finish(continued);
    expect(await store.statuses(runId)).toEqual(["QUEUED", "EXECUTING", "WAITING", "QUEUED", "EXECUTING", "COMPLETED"]);
  });

  it("is not continued by another wait than the one it is in", async () => {
    const { runId, lease } = await waiting();
    expect(await store.resume(lease, NEXT_WAIT)).toEqual([]);
    expect(await store.run(runId)).toMatchObject({ status: "WAITING" });
  });

  it("tells its timeline what it waits for, once", async () => {
    const { runId, lease } = await waiting();
    await store.suspend(lease, WAIT);
    const chunks = await store.sql("SELECT count, status FROM run_events WHERE run_id = $1 ORDER BY first_seq", [
      runId,
    ]);
    expect(chunks.at(-1)).toEqual({ count: 2, status: "WAITING" });
    expect(await store.progress(lease, [logEvent("from a hook")])).toEqual([]);
  });
});

describe.each([
  ["waits", waiting],
  ["is about to continue", resumable],
])("a run that %s", (_, make) => {
  it("is canceled by way of its supervisor, which has its process", async () => {
    const { runId, lease, supervisorId, token } = await make();
    const told = new Promise((resolve) => store.feed.cancels.listen(supervisorId, resolve));
    expect((await store.cancel(runId)).status).toBe(RunStatus.CANCELING);
    expect(await told).toMatchObject({ ref: { runId, leaseToken: token } });
    await expect(store.claim(runId, supervisorId)).rejects.toThrow("not queued");
    expect((await renew(supervisorId, [token])).cancels).toMatchObject([{ ref: { leaseToken: token } }]);
    expect(await store.resume(lease, WAIT)).toEqual([]);
    expect(await store.finish(lease, { outcome: "CANCELED", output: undefined })).toEqual([]);
    expect(await store.run(runId)).toMatchObject({ status: "CANCELED", wait_id: null, suspended_token: null });
  });

  it("loses its attempt with its supervisor, and is retried", async () => {
    const { runId, supervisorId } = await make();
    await store.sql("UPDATE supervisors SET expire_time = now() - interval '1 ms' WHERE id = $1", [supervisorId]);
    expect(await expireSupervisors(store.parts, [supervisorId])).toEqual([supervisorId]);
    expect(await store.run(runId)).toMatchObject({ status: "RETRYING", attempt_number: 1, lease_token: null });
  });

  it("is evicted when its supervisor leaves without a word of it, which costs no attempt", async () => {
    const { runId, supervisorId } = await make("once");
    await unregisterSupervisor(store.parts, supervisorId);
    expect(await store.run(runId)).toMatchObject({ status: "RETRYING", attempt_number: 1, max_attempts: 2 });
  });

  it("ends as SYSTEM_FAILURE when no attempt is left", async () => {
    const { runId, supervisorId } = await make("once");
    await store.sql("UPDATE supervisors SET expire_time = now() - interval '1 ms' WHERE id = $1", [supervisorId]);
    await expireSupervisors(store.parts, [supervisorId]);
    expect(await store.run(runId)).toMatchObject({ status: "SYSTEM_FAILURE" });
  });

  it("is held by a heartbeat that names its lease, and lost by one that does not", async () => {
    const { runId, supervisorId, token } = await make();
    await claimedLongAgo(runId);
    const { status } = await store.run(runId);
    expect(await renew(supervisorId, [token])).toEqual({ cancels: [], revoked: [] });
    expect(await store.run(runId)).toMatchObject({ status });
    expect((await renew(supervisorId, [])).revoked).toMatchObject([{ runId, leaseToken: token }]);
    expect(await store.run(runId)).toMatchObject({ status: "RETRYING" });
  });

  it("can crash: its process died while it was suspended", async () => {
    const { runId, lease } = await make();
    const crashed = { outcome: "CRASHED", output: undefined, error: runError(RunErrorCode.PROCESS_SIGNALED) } as const;
    expect(await store.finish(lease, crashed)).toEqual([]);
    expect(await store.run(runId)).toMatchObject({ status: "RETRYING", wait_id: null, suspended_token: null });
    expect(await store.finish(lease, crashed)).toEqual([]);
  });

  it("is not given back unstarted: it was started", async () => {
    const { runId, lease } = await make();
    const before = await store.run(runId);
    expect(await store.release(lease)).toEqual([]);
    expect(await store.run(runId)).toEqual(before);
  });
});

describe("a lease that continues an attempt", () => {
  it("and is given back, or never arrives, goes back to where the attempt was suspended", async () => {
    const { runId, supervisorId, token, lease } = await resumable();
    const given = await store.claim(runId, supervisorId);
    expect(await store.release(given)).toEqual([]);
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED", attempt_number: 1, lease_token: token });
    await store.claim(runId, supervisorId);
    await claimedLongAgo(runId);
    await renew(supervisorId, [token]);
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED", attempt_number: 1, lease_token: token });
    expect(await renew(supervisorId, [token]), "its supervisor has it").toEqual({ cancels: [], revoked: [] });
    expect(await store.progress(lease, [logEvent("still here")])).toEqual([]);
  });

  it("and is canceled before it arrives, is canceled under the lease that its supervisor knows", async () => {
    const { runId, supervisorId, token, lease } = await resumable();
    await store.claim(runId, supervisorId);
    await store.cancel(runId);
    await claimedLongAgo(runId);
    await renew(supervisorId, [token]);
    expect((await renew(supervisorId, [token])).cancels).toMatchObject([{ ref: { leaseToken: token } }]);
    expect(await store.finish(lease, { outcome: "CANCELED", output: undefined })).toEqual([]);
    expect(await store.run(runId)).toMatchObject({ status: "CANCELED" });
  });
});

it("a suspension that meets a cancel leaves its timeline entries, and the run is CANCELING", async () => {
  const runId = await store.trigger();
  const lease = await store.claim(runId);
  await store.cancel(runId);
  const { event_seq: seq } = await store.run(runId);
  expect(await store.suspend(lease, WAIT)).toEqual([]);
  expect(await store.suspend(lease, WAIT)).toEqual([]);
  expect(await store.run(runId)).toMatchObject({ status: "CANCELING", wait_id: null, event_seq: seq + 1n });
  await store.finish(lease, { outcome: "CANCELED", output: undefined });
});

describe("what a task says of its run", () => {
  it("is stored with progress and with the end: metadata replaced, tags added up to ten", async () => {
    const runId = await store.trigger({ tags: ["a"] });
    const lease = await store.claim(runId);
    const say = (metadata: unknown, addTags: string[]) => ({
      metadata: Buffer.from(JSON.stringify(metadata)),
      addTags,
    });
    const items = [
      { kind: "progress", lease: leaseKey(lease), events: [], update: say({ step: 1 }, ["b", "a"]) },
    ] as const;
    expect((await store.parts.reporter.report({ items, bytes: 0 })).lost).toEqual([]);
    expect((await store.run(runId)).tags).toEqual(["a", "b"]);
    const many = Array.from({ length: 12 }, (_, index) => `t${index}`);
    await store.finish(lease, { output: json(1), update: say({ step: 2 }, many) });
    expect((await store.run(runId)).tags).toEqual(["a", "b", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"]);
    const [row] = await store.sql<{ metadata: Buffer }>("SELECT metadata FROM run_metadata WHERE run_id = $1", [runId]);
    expect(row?.metadata.toString()).toBe('{"step":2}');
  });
});

describe("how an attempt ends", () => {
  it("past its time limit: the run is TIMED_OUT, without another attempt", async () => {
    const lease = await store.claim(await store.trigger());
    const error = runError(RunErrorCode.MAX_DURATION_EXCEEDED);
    await store.finish(lease, { outcome: "TIMED_OUT", output: undefined, error });
    expect(await store.run(lease.run?.id ?? "")).toMatchObject({ status: "TIMED_OUT", attempt_number: 1 });
  });

  it("by a handleError that throws: CRASHED, without another attempt", async () => {
    const lease = await store.claim(await store.trigger());
    await store.finish(lease, failed(RunErrorCode.HANDLE_ERROR_ERROR));
    expect(await store.run(lease.run?.id ?? "")).toMatchObject({ status: "CRASHED" });
  });

  it("out of memory: again on the machine that the task names, and nowhere else", async () => {
    await store.sql("UPDATE deployment_tasks SET retry_out_of_memory_machine = 'large-1x' WHERE task_id = 'hello'");
    const lease = await store.claim(await store.trigger());
    expect(lease.machine).toBe("small-1x");
    const error = runError(RunErrorCode.OUT_OF_MEMORY);
    await store.finish(lease, {
      outcome: "CRASHED",
      output: undefined,
      error,
      decision: { kind: "after", delayMs: 0 },
    });
    const runId = lease.run?.id ?? "";
    expect(await store.run(runId)).toMatchObject({ status: "RETRYING", machine: "large-1x" });
    await store.sql("UPDATE runs SET status = 'QUEUED', due_time = NULL, event_seq = event_seq WHERE id = $1", [runId]);
    await store.sql(
      "INSERT INTO run_events SELECT environment_id, id, event_seq + 1, 1, 'QUEUED', attempt_number, now() FROM runs WHERE id = $1",
      [runId],
    );
    await store.sql("UPDATE runs SET event_seq = event_seq + 1 WHERE id = $1", [runId]);
    expect(await store.claim(runId)).toMatchObject({ machine: "large-1x", attemptNumber: 2 });
    await store.sql("UPDATE deployment_tasks SET retry_out_of_memory_machine = NULL");
  });

  it("where the task wants no retries in development: for good", async () => {
    await store.sql("UPDATE deployment_tasks SET retry_disabled_in_development = true WHERE task_id = 'hello'");
    const lease = await store.claim(await store.trigger());
    await store.finish(lease, failed());
    expect(await store.run(lease.run?.id ?? "")).toMatchObject({ status: "FAILED", attempt_number: 1 });
    await store.sql("UPDATE environments SET type = 'PRODUCTION' WHERE id = 'env_test'");
    const elsewhere = await store.claim(await store.trigger());
    await store.finish(elsewhere, failed());
    expect(await store.run(elsewhere.run?.id ?? "")).toMatchObject({ status: "RETRYING" });
    await store.sql("UPDATE deployment_tasks SET retry_disabled_in_development = false");
  });
});

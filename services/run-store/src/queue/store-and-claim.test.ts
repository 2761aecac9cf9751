import { create } from "@bufbuild/protobuf";
import { type ClaimNext, ErrorReason, type Lease, type QueuedRun, QueueSettingsSchema } from "@windlass/proto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { claimNext as claim, runIdsOf } from "../testing/claim-next.ts";
import { ENVIRONMENT_ID, type HotStore, newTrigger, runIdOf, startHotStore } from "../testing/hot-store.ts";
import { SUPERVISOR_ID } from "../testing/reports.ts";

let store: HotStore;
let told: string[];
let stream: AbortController;
let stop: () => void;
beforeAll(async () => {
  store = await startHotStore();
});
beforeEach(async () => {
  stream = new AbortController();
  // From here on it is known where the runs of the task go.
  await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }]);
  await store.trigger();
  told = [];
  stop = store.feed.queued.listen((runs: readonly QueuedRun[]) => told.push(...runs.map(({ runId }) => runId)));
});
afterEach(async () => {
  stop();
  stream.abort();
  expect(await store.violations()).toEqual([]);
});
afterAll(() => store.stop());

const claimNext = (init?: Partial<ClaimNext>, epoch?: bigint) => claim(store, stream.signal, init, epoch);

/** Holds up whoever stores and claims in one statement, while `act` goes on. */
async function whileStoring(trigger: () => Promise<string>, act: () => void | Promise<void>): Promise<string> {
  let storing = Promise.resolve("");
  await store.postgres.transaction(async (tx) => {
    await tx.query({ name: "", text: "LOCK TABLE queue_epochs IN EXCLUSIVE MODE" });
    storing = trigger();
    await store.lockWait();
    await act();
  });
  return storing;
}

test("a run whose queue is known is stored and leased in one statement, and has the life of any other", async () => {
  const ended = claimNext();
  const runId = await store.trigger({ tags: ["a"], traceparent: "" });
  const [lease] = (await ended) as [Lease];
  expect(lease).toMatchObject({
    ref: { runId },
    attemptNumber: 1,
    environment: { id: ENVIRONMENT_ID },
    run: {
      id: runId,
      taskId: "hello",
      revision: 2n,
      queue: "task/hello",
      attemptNumber: 1,
      maxAttempts: 3,
      tags: ["a"],
    },
    machine: "small-1x",
  });
  expect(lease.run?.createTime).toEqual(lease.claimTime);
  expect(await store.run(runId)).toMatchObject({
    status: "EXECUTING",
    revision: 2n,
    event_seq: 2n,
    supervisor_id: SUPERVISOR_ID,
    deployment_id: lease.deploymentId,
  });
  expect(told).toEqual([]);
  expect(await store.finish(lease)).toEqual([]);
  expect(await store.statuses(runId)).toEqual(["QUEUED", "EXECUTING", "COMPLETED"]);
});

test("its payload is in the lease as in any other", async () => {
  const answer = claimNext();
  await store.trigger({ payload: { data: Buffer.from('{"n":1}'), contentType: "application/json" } });
  const [lease] = (await answer) as [Lease];
  expect(Buffer.from(lease.run?.payload?.data ?? []).toString()).toBe('{"n":1}');
});

test("one claim leases as many as it asked for of those that are stored at once; the others are told", async () => {
  const answer = claimNext({ count: 3 });
  const runIds = await store.triggerMany(5);
  const leased = await runIdsOf(answer);
  expect(leased).toHaveLength(3);
  expect([...leased, ...told].toSorted()).toEqual(runIds.toSorted());
});

test("a version that puts the task's runs elsewhere makes the guess wrong: the run is told, and the claim waits for the next of its queue", async () => {
  await store.deploy([{ id: "hello", queue: "elsewhere" }]);
  const answer = claimNext();
  const elsewhere = await store.trigger();
  expect(told).toEqual([elsewhere]);
  expect(await store.run(elsewhere)).toMatchObject({ status: "QUEUED", queue: "elsewhere", attempt_number: 0 });
  const here = await store.trigger({ queue: "task/hello" });
  expect(await runIdsOf(answer)).toEqual([here]);
});

test("a version without the task lets its runs wait for another one", async () => {
  await store.deploy([{ id: "once" }]);
  void claimNext();
  const runId = await store.trigger();
  expect(await store.run(runId)).toMatchObject({ status: "PENDING_VERSION", lease_token: null });
});

test("a trigger that repeats another makes no second run, and its claim waits on", async () => {
  const trigger = async () => {
    const [result] = await store.parts.trigger.trigger(ENVIRONMENT_ID, [newTrigger("the-same", {})]);
    return runIdOf(result);
  };
  const first = await trigger();
  const answer = claimNext();
  expect(await trigger()).toBe(first);
  const next = await store.trigger();
  expect(await runIdsOf(answer)).toEqual([next]);
});

test("under an old epoch, or for a supervisor that does not live, nothing is leased (I4, I1)", async () => {
  const stale = claimNext({}, store.epoch + 1n);
  const first = await store.trigger();
  expect(await stale).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
  const dead = claimNext({ supervisorId: "sup_nobody" });
  const second = await store.trigger();
  expect(await runIdsOf(dead)).toEqual([]);
  expect(told).toEqual([first, second]);
  for (const runId of told)
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED", attempt_number: 0, lease_token: null });
});

test("an answer that is asked for while runs are stored comes with them, or empty when they took no lease", async () => {
  const used = claimNext();
  const leased = await whileStoring(
    () => store.trigger(),
    () => store.parts.nextClaims.answer(stream.signal, store.shard),
  );
  expect(await runIdsOf(used)).toEqual([leased]);

  const unused = claimNext({ supervisorId: "sup_nobody" });
  const queued = await whileStoring(
    () => store.trigger(),
    () => store.parts.nextClaims.answer(stream.signal, store.shard),
  );
  expect(await runIdsOf(unused)).toEqual([]);
  expect(told).toEqual([queued]);
});

test("a stream that ends while runs are stored leaves no claim behind that takes others", async () => {
  const answer = claimNext({ supervisorId: "sup_nobody" });
  await whileStoring(
    () => store.trigger(),
    () => stream.abort(),
  );
  expect(await runIdsOf(answer)).toEqual([]);
  const next = await store.trigger();
  expect(told).toContain(next);
});

test("a claim whose queue was paused while a run was stored without it takes no other", async () => {
  const answer = claimNext({ supervisorId: "sup_nobody" });
  const change = create(QueueSettingsSchema, { environmentId: ENVIRONMENT_ID, queue: "task/hello", isPaused: true });
  const first = await whileStoring(
    () => store.trigger(),
    () => store.feed.queueSettings.publish([change]),
  );
  const second = await store.trigger();
  expect(told).toEqual([first, second]);
  store.parts.nextClaims.answer(stream.signal, store.shard);
  expect(await answer).toEqual([]);
});

test("a statement that fails stores and leases nothing, and the claim waits on", async () => {
  const answer = claimNext();
  await store.sql("ALTER TABLE runs ADD CONSTRAINT refused CHECK (traceparent <> 'refused') NOT VALID");
  const [refused] = await store.parts.trigger.trigger(ENVIRONMENT_ID, [
    newTrigger("refused", { traceparent: "refused" }),
  ]);
  expect(refused).toMatchObject({ reason: ErrorReason.FIELD_INVALID });
  await store.sql("ALTER TABLE runs DROP CONSTRAINT refused");
  const runId = await store.trigger();
  expect(await runIdsOf(answer)).toEqual([runId]);
});

test("a new owner of the shard holds the statement up until it is the owner, and then nothing is leased for the old one (I4)", async () => {
  const stale = claimNext();
  let storing = Promise.resolve("");
  await store.postgres.transaction(async (tx) => {
    await tx.query({ name: "", text: "UPDATE queue_epochs SET epoch = epoch + 1" });
    storing = store.trigger();
    await store.lockWait();
  });
  const runId = await storing;
  expect(await stale).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
  expect(told).toEqual([runId]);
});

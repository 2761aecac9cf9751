import { create } from "@bufbuild/protobuf";
import {
  type ClaimNext,
  EnvironmentSettingsSchema,
  ErrorReason,
  type Lease,
  type QueuedRun,
  QueueSettingsSchema,
} from "@windlass/proto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { claimNext as claim, runIdsOf } from "../testing/claim-next.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { SUPERVISOR_ID } from "../testing/reports.ts";

let store: HotStore;
let told: string[];
let stream: AbortController;
let stop: () => void;
beforeAll(async () => {
  store = await startHotStore();
});
beforeEach(() => {
  stream = new AbortController();
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

test("the next run of the queue is leased as it is stored, and not told", async () => {
  const answer = claimNext();
  const runId = await store.trigger();
  const [lease] = (await answer) as Lease[];
  expect(lease).toMatchObject({ ref: { runId }, attemptNumber: 1 });
  expect(await store.run(runId)).toMatchObject({ status: "EXECUTING", supervisor_id: SUPERVISOR_ID });
  expect(told).toEqual([]);
});

test("runs of another queue, key or machine are told as ever", async () => {
  const answers = [
    claimNext({ queue: "task/once" }),
    claimNext({ concurrencyKey: "k" }),
    claimNext({ machine: "micro" }),
  ];
  const runId = await store.trigger();
  expect(told).toEqual([runId]);
  store.parts.nextClaims.answer(stream.signal, store.shard);
  expect(await Promise.all(answers)).toEqual([[], [], []]);
});

test("as many are leased as were asked for and stored at once; the others are for the next message, or told", async () => {
  const answers = [claimNext({ count: 3 }), claimNext({ count: 2 })];
  const runIds = await store.triggerMany(7);
  const [first = [], second = []] = await Promise.all(answers.map(runIdsOf));
  expect([first.length, second.length]).toEqual([3, 2]);
  expect([...first, ...second, ...told].toSorted()).toEqual(runIds.toSorted());
});

test("fewer than were asked for answer the message: the next run is told", async () => {
  const answer = claimNext({ count: 5 });
  const runId = await store.trigger();
  expect(await runIdsOf(answer)).toEqual([runId]);
  const later = await store.trigger();
  expect(told).toEqual([later]);
});

test("a claim whose stream has ended, or that was asked for its answer, takes no run", async () => {
  const ended = claimNext();
  stream.abort();
  expect(await ended).toEqual([]);
  expect(await claimNext()).toEqual([]);
  const runId = await store.trigger();
  expect(told).toEqual([runId]);
});

test("a claim from before its queue or environment was paused, limited or opened takes no run: it was made for what held then", async () => {
  const queue = { environmentId: ENVIRONMENT_ID, queue: "task/hello", isPaused: true };
  for (const [at, change] of [
    create(QueueSettingsSchema, queue),
    create(EnvironmentSettingsSchema, { environmentId: ENVIRONMENT_ID, concurrencyLimit: 1 }),
  ].entries()) {
    const answer = claimNext();
    store.feed.queueSettings.publish([change]);
    const runId = await store.trigger();
    expect(told[at]).toBe(runId);
    store.parts.nextClaims.answer(stream.signal, store.shard);
    expect(await answer).toEqual([]);
  }
  const others = claimNext();
  store.feed.queueSettings.publish([create(QueueSettingsSchema, { ...queue, queue: "task/once" })]);
  const runId = await store.trigger();
  expect(await runIdsOf(others)).toEqual([runId]);
  const ended = claimNext();
  store.feed.queueSettings.publish([create(QueueSettingsSchema, queue)]);
  stream.abort();
  expect(await ended).toEqual([]);
});

test("a run that cannot be claimed as it comes stays queued, and is told", async () => {
  const dead = claimNext({ supervisorId: "sup_nobody" });
  const first = await store.trigger();
  expect(await runIdsOf(dead)).toEqual([]);
  expect(await store.run(first)).toMatchObject({ status: "QUEUED", attempt_number: 0 });

  const stale = claimNext({}, store.epoch + 1n);
  const second = await store.trigger();
  expect(await stale).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
  expect(await store.run(second)).toMatchObject({ status: "QUEUED", attempt_number: 0 });
  expect(told).toEqual([first, second]);
});

import { createFakeClock, createLogger, type FakeClock } from "@windlass/chassis";
import { ErrorReason, type QueuedRun, type WatchQueuedResponse } from "@windlass/proto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { watchQueued } from "./watch-queued.ts";

let store: HotStore;
let clock: FakeClock;
let stop: AbortController;
beforeEach(async () => {
  store = await startHotStore();
  clock = createFakeClock();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort(new Error("the test is over"));
  await store.stop();
});

function watch(): AsyncGenerator<WatchQueuedResponse, void> {
  const logger = createLogger({ service: "test", level: "error" });
  const options = { db: store.postgres, feed: store.feed, shards: store.parts.shards, clock, logger };
  return watchQueued(options, { shard: store.shard, owner: "test" }, stop.signal);
}

/** The next message that tells of runs. */
async function nextRuns(news: AsyncGenerator<WatchQueuedResponse, void>): Promise<WatchQueuedResponse> {
  for (;;) {
    const message = await next(news);
    if (message.runs.length > 0) return message;
  }
}

async function next(news: AsyncGenerator<WatchQueuedResponse, void>): Promise<WatchQueuedResponse> {
  const { value } = await news.next();
  if (value === undefined) throw new Error("the watch has ended");
  return value;
}

/** Reads until the snapshot is complete, and gives its runs. */
async function snapshot(news: AsyncGenerator<WatchQueuedResponse, void>): Promise<QueuedRun[]> {
  const runs: QueuedRun[] = [];
  for (;;) {
    const page = await next(news);
    runs.push(...page.runs);
    if (page.snapshotComplete) return runs;
  }
}

const idsOf = (runs: readonly QueuedRun[]) => runs.map((run) => run.runId);

it("takes the queue over: a new epoch, then everything stored in order, then what comes", async () => {
  const before = [...(await store.triggerMany(1_500)), ...(await store.triggerMany(1_000))];
  await store.claim(before[0] ?? "");
  const news = watch();
  const first = await nextRuns(news);
  expect(first.epoch).toBe(store.epoch + 1n);
  expect(first).toMatchObject({ snapshotComplete: false });
  const runs = [...first.runs, ...(await snapshot(news))];
  expect(idsOf(runs).toSorted()).toEqual(before.slice(1));
  expect(runs).toEqual(runs.toSorted((a, b) => Number(a.queueTimeUs - b.queueTimeUs) || (a.runId < b.runId ? -1 : 1)));
  expect(runs[0]).toMatchObject({ taskId: "hello", queue: "task/hello" });
  await expect(store.claim(before[1] ?? "")).rejects.toMatchObject({ reason: ErrorReason.EPOCH_STALE });
  const runId = await store.trigger();
  expect(await next(news)).toMatchObject({ epoch: first.epoch, runs: [{ runId }], snapshotComplete: false });
});

it("misses nothing that is triggered while the snapshot is read", async () => {
  const stored = await store.triggerMany(3_000);
  const news = watch();
  const first = await nextRuns(news);
  const during = await store.triggerMany(10);
  const told = new Set(idsOf([...first.runs, ...(await snapshot(news))]));
  while (during.some((id) => !told.has(id))) for (const run of (await next(news)).runs) told.add(run.runId);
  expect(told.size).toBe(stored.length + during.length);
});

it("an empty queue is a complete snapshot of nothing", async () => {
  expect(await snapshot(watch())).toEqual([]);
});

it("the sweep finds a run that nobody told of, once it is old enough, however many are before it", async () => {
  const news = watch();
  await snapshot(news);
  const hidden = await store.trigger();
  await nextRuns(news);
  const others = await store.triggerMany(1_200);
  for (let told = 0; told < others.length;) told += (await nextRuns(news)).runs.length;
  await clock.timersPending(1);
  // Hidden from the feed: a row that another replica wrote whose notice was lost. Too young for the sweep.
  const tellsNothing = nextRuns(news);
  await clock.advance(1_000);
  await store.sql("UPDATE runs SET queue_time = now() - interval '1 h' + (id = $1)::int * interval '30 min'", [hidden]);
  await clock.timersPending(1);
  await clock.advance(1_000);
  expect((await tellsNothing).runs).toHaveLength(1_000);
  await clock.timersPending(1);
  await clock.advance(1_000);
  const rest = await nextRuns(news);
  expect(idsOf(rest.runs).at(-1)).toBe(hidden);
  expect(rest.runs).toHaveLength(201);
  // Round and round.
  await clock.timersPending(1);
  await clock.advance(1_000);
  expect((await nextRuns(news)).runs).toHaveLength(1_000);
});

it("ends with the signal's reason, and lets go of the feed and its timer", async () => {
  const news = watch();
  await snapshot(news);
  const waiting = news.next();
  await clock.timersPending(1);
  stop.abort(new Error("hung up"));
  await expect(waiting).rejects.toThrow("hung up");
  expect(store.feed.queued.subscriberCount).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

it("an owner that does not read is ended with OVERLOADED", async () => {
  const news = watch();
  await snapshot(news);
  const run = {
    $typeName: "windlass.internal.v1.QueuedRun",
    environmentId: ENVIRONMENT_ID,
    runId: "r",
    taskId: "t",
    queue: "q",
    queueTimeUs: 0n,
    traceparent: "",
    supervisorId: "",
    concurrencyKey: "",
    machine: "",
  } as const;
  const many = Array.from({ length: 60_000 }, () => run);
  const first = news.next();
  store.feed.queued.publish([run]);
  await first;
  store.feed.queued.publish(many);
  store.feed.queued.publish(many);
  await expect(async () => {
    for (;;) await next(news);
  }).rejects.toMatchObject({ reason: ErrorReason.OVERLOADED });
});

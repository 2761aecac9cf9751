import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createFakeClock, createLogger, type FakeClock } from "@windlass/chassis";
import { ErrorReason, type QueuedRun, RunOptionsSchema, type WatchQueuedResponse } from "@windlass/proto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { setConcurrencyLimit } from "../environments/set-concurrency-limit.ts";
import { queueDueRuns } from "../store/queue-due-runs.ts";
import { expireSupervisors } from "../supervisors/remove-supervisors.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { failed, logEvent } from "../testing/reports.ts";
import { parseRunOptions } from "../validation/run-options.ts";
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

function optionsOf(init: MessageInitShape<typeof RunOptionsSchema>) {
  return parseRunOptions(create(RunOptionsSchema, init), "options", Date.now() * 1_000, []);
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
  await clock.advance(3_000);
  await store.sql("UPDATE runs SET queue_time = now() - interval '1 h' + (id = $1)::int * interval '30 min'", [hidden]);
  await clock.timersPending(1);
  await clock.advance(3_000);
  expect((await tellsNothing).runs).toHaveLength(1_000);
  await clock.timersPending(1);
  await clock.advance(3_000);
  const rest = await nextRuns(news);
  expect(idsOf(rest.runs).at(-1)).toBe(hidden);
  expect(rest.runs).toHaveLength(201);
  // Round and round.
  await clock.timersPending(1);
  await clock.advance(3_000);
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

/** The next message for which `pick` gives something. */
async function nextWith<T>(
  news: AsyncGenerator<WatchQueuedResponse, void>,
  pick: (message: WatchQueuedResponse) => T | undefined,
): Promise<T> {
  for (;;) {
    const picked = pick(await next(news));
    if (picked !== undefined) return picked;
  }
}

it("tells settings and leases before the first run, and no other shard's", async () => {
  const queued = await store.trigger();
  const lease = await store.claim(await store.trigger({ options: optionsOf({ concurrencyKey: "acme" }) }));
  const waiting = await store.claim(await store.trigger());
  await store.suspend(waiting, "wait-1");
  await store.sql("UPDATE environments SET concurrency_limit = 7 WHERE id = $1", [ENVIRONMENT_ID]);
  await store.sql(
    "INSERT INTO queues (environment_id, name, declared_limit, override_limit, is_paused) VALUES ($1, 'q', 5, 2, true), ($1, 'plain', NULL, NULL, false)",
    [ENVIRONMENT_ID],
  );
  const messages: WatchQueuedResponse[] = [];
  for await (const message of watch()) {
    messages.push(message);
    if (message.snapshotComplete) break;
  }
  expect(messages.flatMap((message) => message.environments)).toMatchObject([
    { environmentId: ENVIRONMENT_ID, concurrencyLimit: 7 },
  ]);
  expect(messages.flatMap((message) => message.queues)).toMatchObject([
    { environmentId: ENVIRONMENT_ID, queue: "q", concurrencyLimit: 2, isPaused: true },
  ]);
  // A run that waits holds no slot.
  const leased = messages.filter((message) => message.leased.length > 0 || message.leasedComplete);
  expect(leased).toMatchObject([
    { leasedComplete: true, leased: [{ concurrencyKey: "acme", leaseToken: lease.ref?.leaseToken }] },
  ]);
  expect(leased[0]?.leasedTimeUs).toBeGreaterThan(1_700_000_000_000_000n);
  expect(messages.findIndex((message) => message.leasedComplete)).toBeLessThan(
    messages.findIndex((message) => message.runs.length > 0),
  );
  expect(messages.flatMap((message) => idsOf(message.runs))).toEqual([queued]);
});

it("tells each slot that becomes free once, whatever freed it, before the runs that may take it", async () => {
  const [finished, waits, released, lost] = [
    await store.claim(await store.trigger()),
    await store.claim(await store.trigger()),
    await store.claim(await store.trigger()),
    await store.claim(await store.trigger()),
  ];
  await store.register("sup_gone");
  const gone = await store.claim(await store.trigger(), "sup_gone");
  const news = watch();
  await snapshot(news);
  const freed = () => nextWith(news, ({ freed: slots }) => (slots.length > 0 ? slots : undefined));
  const tokenOf = (lease: typeof finished) => [{ environmentId: ENVIRONMENT_ID, leaseToken: lease.ref?.leaseToken }];
  await store.finish(finished);
  expect(await freed()).toMatchObject(tokenOf(finished));
  await store.suspend(waits, "wait-1");
  expect(await freed()).toMatchObject(tokenOf(waits));
  // The end of a wait frees nothing: the run has had no slot since.
  await store.resume(waits, "wait-1");
  expect((await nextRuns(news)).freed).toEqual([]);
  await store.release(released);
  expect(await freed()).toMatchObject(tokenOf(released));
  await store.progress(lost, [logEvent("on the way")]);
  await store.sql("UPDATE supervisors SET expire_time = now() - interval '1 ms' WHERE id = 'sup_gone'");
  await expireSupervisors(store.parts, ["sup_gone"]);
  expect(await freed()).toMatchObject(tokenOf(gone));
});

it("lists the leases anew from time to time, without those whose end is already told", async () => {
  const [stays, ends] = [await store.claim(await store.trigger()), await store.claim(await store.trigger())];
  const news = watch();
  await snapshot(news);
  await store.finish(ends);
  const list = nextWith(news, (message) => (message.leasedComplete ? message.leased : undefined));
  for (let second = 0; second < 10; second += 1) {
    await clock.timersPending(1);
    await clock.advance(3_000);
  }
  expect(await list).toMatchObject([{ leaseToken: stays.ref?.leaseToken }]);
});

it("tells a change of settings at once, and by the sweep should the notice be lost", async () => {
  const news = watch();
  await snapshot(news);
  const changed = () => nextWith(news, ({ environments }) => environments.find((each) => each.concurrencyLimit === 3));
  const told = changed();
  await setConcurrencyLimit(store.parts, ENVIRONMENT_ID, 3);
  expect(await told).toMatchObject({ environmentId: ENVIRONMENT_ID });
  await store.sql("UPDATE environments SET concurrency_limit = NULL WHERE id = $1", [ENVIRONMENT_ID]);
  const swept = nextWith(news, ({ environments }) =>
    environments.find((each) => each.environmentId === ENVIRONMENT_ID),
  );
  await clock.timersPending(1);
  await clock.advance(3_000);
  expect((await swept).concurrencyLimit).toBeUndefined();
});

it("is told nothing of environments of other shards", async () => {
  await store.sql(
    "INSERT INTO environments (id, slug, type, project) SELECT 'env_' || i, 'env-' || i, 'STAGING', 'p' FROM generate_series(1, 20) i",
  );
  const rows = await store.sql<{ id: string }>("SELECT id FROM environments WHERE queue_shard <> $1 LIMIT 1", [
    store.shard,
  ]);
  const elsewhere = rows[0]?.id ?? "";
  await store.deploy([{ id: "hello" }], elsewhere);
  const before = await store.trigger({ requestId: "before" }, elsewhere);
  const news = watch();
  expect(await snapshot(news)).toEqual([]);
  const during = await store.trigger({ requestId: "during" }, elsewhere);
  const ours = await store.trigger();
  expect(idsOf((await nextRuns(news)).runs)).toEqual([ours]);
  expect([before, during]).not.toContain(ours);
});

it("ends with EPOCH_STALE when the shard has another owner", async () => {
  const news = watch();
  await snapshot(news);
  const waiting = async (): Promise<never> => {
    for (;;) await next(news);
  };
  const end = waiting().catch((error: unknown) => error);
  await store.takeShard("another");
  await clock.timersPending(1);
  await clock.advance(3_000);
  expect(await end).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
});

it("a run with priority is ahead of those queued before it, by so many seconds and no more", async () => {
  const first = await store.trigger();
  const urgent = await store.trigger({ options: optionsOf({ priority: 60 }) });
  const moreUrgent = await store.trigger({ options: optionsOf({ priority: 3_600 }) });
  await store.sql("UPDATE runs SET queue_time = queue_time - interval '30 min' WHERE id = $1", [first]);
  expect(idsOf(await snapshot(watch()))).toEqual([moreUrgent, first, urgent]);
});

it("the priority of a delayed run counts from when it is queued, and not again for a later attempt", async () => {
  const startTime = timestampFromMs(Date.now() + 3_600_000);
  const runId = await store.trigger({ options: optionsOf({ startTime, priority: 600 }) });
  await store.sql("UPDATE runs SET due_time = now() WHERE id = $1", [runId]);
  await queueDueRuns(store.postgres, [{ environmentId: ENVIRONMENT_ID, runId }], false);
  const ago = async () => {
    const [row] = await store.sql<{ s: number }>(
      "SELECT date_part('epoch', now() - queue_time) AS s FROM runs WHERE id = $1",
      [runId],
    );
    return row?.s ?? 0;
  };
  expect(Math.round((await ago()) / 60)).toBe(10);
  await store.finish(await store.claim(runId), { ...failed(), decision: { kind: "after", delayMs: 0 } });
  await queueDueRuns(store.postgres, [{ environmentId: ENVIRONMENT_ID, runId }], false);
  expect(await ago()).toBeLessThan(60);
});

it("every run is told with the machine that it needs: its own, or that of its task in the version it would execute on", async () => {
  await store.sql("UPDATE deployment_tasks SET machine = 'medium-1x' WHERE task_id = 'hello'");
  const stored = await store.trigger();
  const news = watch();
  expect(await snapshot(news)).toMatchObject([{ runId: stored, machine: "medium-1x" }]);
  await store.trigger();
  expect(await nextRuns(news)).toMatchObject({ runs: [{ machine: "medium-1x" }] });
  await store.trigger({ options: optionsOf({ machine: "micro" }) });
  expect(await nextRuns(news)).toMatchObject({ runs: [{ machine: "micro" }] });
  await store.deploy([{ id: "hello" }]);
  const told = (await snapshot(watch())).map(({ machine }) => machine);
  expect(told).toEqual(["small-1x", "small-1x", "micro"]);
});

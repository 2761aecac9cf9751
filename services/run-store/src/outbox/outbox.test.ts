import { fromBinary } from "@bufbuild/protobuf";
import { createFakeClock, createLogger, type FakeClock, type Queryable } from "@windlass/chassis";
import { type CancelLease, type Run, RunNoticeSchema, RunStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFeed, runKey } from "../feed/feed.ts";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import { createFakeNats, type FakeNats } from "../testing/fake-nats.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { failed, SUPERVISOR_ID } from "../testing/reports.ts";
import { createOutboxPublisher, type OutboxPublisher } from "./outbox-publisher.ts";
import { createOutboxSweepLoop } from "./outbox-sweep-loop.ts";
import { createReplicaNotices } from "./replica-notices.ts";

const logger = createLogger({ service: "test", level: "error" });
let nats: FakeNats;
let clock: FakeClock;
let outbox: OutboxPublisher;
let store: HotStore;
beforeEach(async () => {
  nats = createFakeNats();
  clock = createFakeClock();
  // The publisher needs the database, which needs the publisher.
  const db: Queryable = { query: (statement, values) => store.postgres.query(statement, values) };
  outbox = createOutboxPublisher({ nats, db, clock, logger });
  store = await startHotStore({ outbox });
});
afterEach(async () => {
  await outbox.stop();
  await store.stop();
});

const subjects = () => nats.published.map((message) => message.subject);
const rows = () => store.sql<{ run_ids: string[] }>("SELECT run_ids FROM outbox ORDER BY id");
const subject = (runId: string, status: string) => `windlass.v1.${ENVIRONMENT_ID}.run.${status}.${runId}`;

describe("the publisher", () => {
  it("tells NATS of every change after its commit, and then removes the row", async () => {
    const runId = await store.trigger();
    await vi.waitFor(() => expect(subjects()).toEqual([subject(runId, "QUEUED")]));
    const [message] = nats.published;
    expect(message?.id).toBe(`${runId}.1`);
    expect(fromBinary(RunNoticeSchema, message?.data ?? new Uint8Array(0))).toMatchObject({
      runId,
      environmentId: ENVIRONMENT_ID,
      taskId: "hello",
      status: RunStatus.QUEUED,
      revision: 1n,
    });
    expect(await rows()).toEqual([{ run_ids: [runId] }]);
    await clock.timersPending(2);
    await clock.advance(500);
    await vi.waitFor(async () => expect(await rows()).toEqual([]));
  });

  it("tells only the last of several changes that come while it rests", async () => {
    const first = await store.trigger();
    await vi.waitFor(() => expect(subjects()).toHaveLength(1));
    const lease = await store.claim(first);
    await store.finish(lease);
    expect(subjects()).toHaveLength(1);
    await clock.advance(50);
    await vi.waitFor(() => expect(subjects()).toEqual([subject(first, "QUEUED"), subject(first, "COMPLETED")]));
  });

  it("one publication is under way at a time; what comes meanwhile is the next", async () => {
    const letGo = nats.hold();
    const first = await store.trigger();
    const others = await store.triggerMany(3);
    await clock.advance(1_000);
    expect(subjects()).toEqual([]);
    letGo();
    await vi.waitFor(() => expect(subjects()).toEqual([first, ...others].map((runId) => subject(runId, "QUEUED"))));
  });

  it("leaves rows to the sweep while NATS is away, and what it had not acknowledged", async () => {
    nats.connected = false;
    const runId = await store.trigger();
    await clock.advance(1_000);
    expect(outbox.depth).toBe(0);
    expect(await rows()).toEqual([{ run_ids: [runId] }]);
  });

  it("removes what it published when it stops", async () => {
    await store.trigger();
    await vi.waitFor(() => expect(subjects()).toHaveLength(1));
    await outbox.stop();
    expect(await rows()).toEqual([]);
    expect(clock.pendingTimers).toBeLessThanOrEqual(1);
  });
});

describe("the sweep", () => {
  it("publishes rows that were left behind, as their runs are now, and removes them; young rows are somebody else's", async () => {
    nats.connected = false;
    const [old, gone, young] = [await store.trigger(), await store.trigger(), await store.trigger()];
    await store.finish(await store.claim(old));
    await store.sql("DELETE FROM runs WHERE id = $1", [gone]);
    await store.sql("UPDATE outbox SET create_time = now() - interval '11 s' WHERE NOT $1 = ANY (run_ids)", [young]);
    nats.connected = true;
    const sweep = createOutboxSweepLoop({ nats, db: store.postgres, clock, logger });
    await sweep.start();
    await vi.waitFor(async () => expect((await rows()).flatMap((row) => row.run_ids)).not.toContain(old));
    await sweep.stop();
    // Three rows tell of one run: one for its trigger, one for its claim, one for its end.
    expect(new Set(subjects())).toEqual(new Set([subject(old, "COMPLETED")]));
    expect((await rows()).flatMap((row) => row.run_ids)).toEqual([young]);
  });

  it("waits for NATS, and tries again", async () => {
    nats.connected = false;
    await store.trigger();
    await store.sql("UPDATE outbox SET create_time = now() - interval '11 s'");
    const sweep = createOutboxSweepLoop({ nats, db: store.postgres, clock, logger });
    await sweep.start();
    await clock.timersPending(1);
    nats.connected = true;
    await clock.advance(10_000);
    await vi.waitFor(async () => expect(await rows()).toEqual([]));
    expect(subjects()).toHaveLength(1);
    await sweep.stop();
  });
});

describe("another replica", () => {
  it("hears of queued, due, canceled and ended runs as if they were its own", async () => {
    const feed = createFeed();
    const reader = createRunEndReader(store.postgres);
    const replica = createReplicaNotices({ nats, db: store.postgres, feed, reader, logger });
    await replica.start();
    const queued = feed.queued.subscribe(100)[Symbol.asyncIterator]();
    const due = feed.due.subscribe(100)[Symbol.asyncIterator]();
    const publishNext = async (count: number) => {
      await clock.advance(50);
      await vi.waitFor(() => expect(nats.published.length).toBeGreaterThanOrEqual(count));
      for (const message of nats.published.splice(0)) nats.deliver(message);
    };

    const runId = await store.trigger();
    await publishNext(1);
    expect((await queued.next()).value).toMatchObject([{ runId, queue: "task/hello" }]);

    const lease = await store.claim(runId);
    const canceled = Promise.withResolvers<CancelLease>();
    feed.cancels.listen(SUPERVISOR_ID, canceled.resolve);
    await store.cancel(runId);
    await publishNext(1);
    expect(await canceled.promise).toMatchObject({ ref: lease.ref, reason: "no longer needed" });

    const ended = Promise.withResolvers<Run>();
    feed.finished.listen(runKey(ENVIRONMENT_ID, runId), ended.resolve);
    await store.finish(lease);
    await publishNext(1);
    expect(await ended.promise).toMatchObject({
      id: runId,
      status: RunStatus.CANCELED,
      output: { data: Buffer.from('{"ok":true}') },
    });

    const retried = await store.claim(await store.trigger());
    await store.finish(retried, failed());
    await publishNext(1);
    const [item] = (await due.next()).value ?? [];
    expect(item?.item).toMatchObject({ case: "run", value: { runId: retried.run?.id } });
    expect(Number(item?.dueInMs)).toBeLessThanOrEqual(1_000);
    await replica.stop();
  });

  it("reads only the runs that may concern somebody here", async () => {
    const read: string[] = [];
    const db: Queryable = {
      ...store.postgres,
      query: (statement, values) => {
        read.push(statement.name);
        return store.postgres.query(statement, values);
      },
    };
    const replica = createReplicaNotices({ nats, db, feed: createFeed(), reader: createRunEndReader(db), logger });
    await replica.start();
    await store.trigger();
    await vi.waitFor(() => expect(nats.published).toHaveLength(1));
    for (const message of nats.published) nats.deliver(message);
    await replica.stop();
    expect(read).toEqual([]);
  });
});

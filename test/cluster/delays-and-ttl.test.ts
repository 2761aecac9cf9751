import { configure, idempotencyKeys, runs, tasks, type TriggerOptions } from "@windlass/sdk";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  checkSettled,
  type Clients,
  createGate,
  runIdsOf,
  startCluster,
  type TestCluster,
  triggerAll,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";

let cluster: TestCluster;
let client: Clients;

beforeAll(async () => {
  cluster = await startCluster({ instances: { scheduler: 2 } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  client = cluster.client();
  await cluster.deploy(fileURLToPath(new URL("time-tasks", import.meta.url)));
  await runs.poll(await tasks.trigger("echo", {})); // a warm worker
});

afterEach(() => waitUntilClean("the cluster to settle", () => checkSettled(cluster.database)));
afterAll(() => cluster.end());

/** The moment at which a run entered a status, by the database; the last one. */
async function timeOf(runId: string, status: string): Promise<number> {
  const statement = {
    name: "time_of_status",
    text: `select (extract(epoch from max(time)) * 1000)::float8 as ms from run_events where run_id = $1 and status = $2::run_status`,
  };
  const [row] = await cluster.database.query<{ ms: number }>(statement, [runId, status]);
  return row?.ms ?? Number.NaN;
}

/** A key that no other test uses. */
let keys = 0;
const freshKey = (): string => `key-${(keys += 1)}`;

const echo = (payload: unknown, options: TriggerOptions = {}) => tasks.trigger("echo", payload, options);

/** Lets no run of `echo` begin while `during` lasts. */
async function paused<T>(during: () => Promise<T>): Promise<T> {
  await client.queues.pauseQueue({ name: "task/echo" });
  try {
    return await during();
  } finally {
    await client.queues.resumeQueue({ name: "task/echo" });
  }
}

describe("delay", () => {
  test.concurrent("a delayed run is DELAYED until its time, never begins before it, and is queued within 100 ms of it", async () => {
    const due = Date.now() + 5_000;
    const handles = await Promise.all(
      Array.from({ length: 20 }, (_, n) => echo({ n }, { delay: new Date(due + n * 20) })),
    );
    expect(await runs.retrieve(handles[0]!.id)).toMatchObject({ status: "DELAYED" });
    const ended = await Promise.all(handles.map(({ id }) => runs.poll(id)));
    expect(ended.map(({ status }) => status)).toEqual(handles.map(() => "COMPLETED"));
    const late: number[] = [];
    for (const [n, { id }] of handles.entries()) late.push((await timeOf(id, "QUEUED")) - (due + n * 20));
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(late.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
  });

  test.concurrent("a rescheduled run begins at its new time, sooner or later; one that has begun cannot be moved", async () => {
    const [sooner, later] = await Promise.all([echo({}, { delay: "1h" }), echo({}, { delay: "3s" })]);
    const now = Date.now();
    await runs.reschedule(sooner.id, { delay: new Date(now + 500) });
    await runs.reschedule(later.id, { delay: new Date(now + 6_000) });
    const ended = await Promise.all([sooner, later].map(({ id }) => runs.poll(id)));
    expect(ended.map(({ startedAt }) => Number(startedAt) >= now + 500)).toEqual([true, true]);
    expect(Number(ended[0]!.startedAt)).toBeLessThan(now + 6_000);
    expect(Number(ended[1]!.startedAt)).toBeGreaterThanOrEqual(now + 6_000);
    await expect(runs.reschedule(later.id, { delay: "1h" })).rejects.toMatchObject({ reason: "RUN_NOT_DELAYED" });
  });

  test("what came due while no scheduler was there is queued in the order of its times", async () => {
    await Promise.all([cluster.kill("scheduler"), cluster.kill("scheduler-2")]);
    const due = Date.now();
    const ids: string[] = [];
    for (const n of [3, 1, 4, 2, 0]) ids[n] = (await echo({ n }, { delay: new Date(due + 3_000 + n * 50) })).id;
    await waitFor("all of them to be overdue", () => Date.now() > due + 3_400);
    await Promise.all([cluster.start("scheduler"), cluster.start("scheduler-2")]);
    await Promise.all(ids.map((id) => runs.poll(id)));
    const places = {
      name: "delays_places",
      text: "select id from runs where id = any($1::text[]) order by queue_time, id",
    };
    const rows = await cluster.database.query<{ id: string }>(places, [ids]);
    expect(rows.map(({ id }) => id)).toEqual(ids);
  });
});

describe("ttl", () => {
  test("a run that has not started in time is EXPIRED: no attempt, no start", async () => {
    const run = await paused(async () => {
      const { id } = await echo({}, { ttl: "1s" });
      return runs.poll(id);
    });
    expect(run).toMatchObject({ status: "EXPIRED", attemptCount: 0 });
    expect(run.startedAt).toBeUndefined();
    const tookMs = Number(run.finishedAt) - Number(run.createdAt);
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    expect(tookMs).toBeLessThan(2_000);
    const stored = await runs.retrieve(run.id);
    expect(stored.attempts).toEqual([]);
  });

  test("a run is never EXPIRED after its first start, however long it executes or waits for a retry", async () => {
    using gate = createGate();
    const [executing, retrying] = await Promise.all([
      tasks.trigger("gated", { gate: gate.file }, { ttl: "5s" }),
      tasks.trigger("second-time", {}, { ttl: "5s" }),
    ]);
    const retried = await runs.poll(retrying);
    expect(retried).toMatchObject({ status: "COMPLETED", attemptCount: 2 });
    expect(Number(retried.finishedAt) - Number(retried.createdAt)).toBeGreaterThan(5_000);
    // Another that has to expire meanwhile: so the time of both has passed.
    const witness = await paused(async () => runs.poll(await echo({}, { ttl: "1s" })));
    expect(witness.status).toBe("EXPIRED");
    expect(await runs.retrieve(executing.id)).toMatchObject({ status: "EXECUTING" });
    gate.open();
    expect(await runs.poll(executing)).toMatchObject({ status: "COMPLETED" });
  });

  test("of a delayed run it counts from its start time", async () => {
    await paused(async () => {
      const askedAt = Date.now();
      const run = await runs.poll(await echo({}, { delay: "1s", ttl: "1s" }));
      expect(run.status).toBe("EXPIRED");
      expect(Number(run.finishedAt) - askedAt).toBeGreaterThanOrEqual(2_000);
    });
  });

  test("an EXPIRED run frees its idempotency key", async () => {
    const idempotencyKey = freshKey();
    const expired = await paused(async () => runs.poll(await echo({}, { ttl: "1s", idempotencyKey })));
    expect(expired.status).toBe("EXPIRED");
    const next = await echo({}, { idempotencyKey });
    expect(next.id).not.toBe(expired.id);
    expect(await runs.poll(next)).toMatchObject({ status: "COMPLETED" });
  });
});

// Each with keys of its own; most of their time is that of a delay.
describe.concurrent("debounce", () => {
  test("trailing: the last trigger's payload, options and metadata, so long after the last trigger", async () => {
    const debounce = { key: freshKey(), delay: "3s", mode: "trailing" } as const;
    const first = await echo({ n: 1 }, { debounce, metadata: { n: 1 } });
    const firstAt = Date.now();
    await waitFor("part of the delay to pass", () => Date.now() > firstAt + 400);
    const lastAt = Date.now();
    const second = await echo({ n: 2 }, { debounce, metadata: { n: 2 }, tags: ["last"] });
    expect(second).toMatchObject({ id: first.id, isCached: true });
    const run = await runs.poll(first);
    expect(run).toMatchObject({ status: "COMPLETED", output: { n: 2 } });
    expect(Number(run.startedAt)).toBeGreaterThanOrEqual(lastAt + 3_000);
    expect(await runs.retrieve(first.id)).toMatchObject({ metadata: { n: 2 } });
  });

  test("leading, which is the default: the first trigger's payload, put off by the later ones", async () => {
    const debounce = { key: freshKey(), delay: "3s" };
    const handles = [await echo({ n: 1 }, { debounce }), await echo({ n: 2 }, { debounce })];
    expect(handles[1]).toMatchObject({ id: handles[0]!.id, isCached: true });
    expect(await runs.poll(handles[0]!)).toMatchObject({ status: "COMPLETED", output: { n: 1 } });
  });

  test("maxDelay: put off again and again, the run begins at the latest so long after the first trigger", async () => {
    const debounce = { key: freshKey(), delay: "3s", maxDelay: "6s" } as const;
    const first = await echo({ n: 0 }, { debounce });
    let triggers = 1;
    await waitFor("the run to begin although it is put off all the time", async () => {
      const { id } = await echo({ n: triggers }, { debounce });
      triggers += 1;
      return id !== first.id;
    });
    const run = await runs.poll(first);
    const tookMs = Number(run.startedAt) - Number(run.createdAt);
    expect(tookMs).toBeGreaterThanOrEqual(5_990);
    expect(tookMs).toBeLessThan(7_000);
    expect(triggers).toBeGreaterThan(3);
  });

  test("50 concurrent triggers of one key are one run; another key and another task have their own", async () => {
    const debounce = { key: freshKey(), delay: "3s" };
    const handles = await Promise.all(Array.from({ length: 50 }, (_, n) => echo({ n }, { debounce })));
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
    const others = await Promise.all([
      echo({}, { debounce: { ...debounce, key: freshKey() } }),
      tasks.trigger("second-time", {}, { debounce }),
    ]);
    expect(new Set([handles[0]!, ...others].map(({ id }) => id)).size).toBe(3);
    await Promise.all([handles[0]!, ...others].map(({ id }) => runs.poll(id)));
  });

  test("a trigger after the run has begun makes another", async () => {
    const debounce = { key: freshKey(), delay: "1s" };
    const first = await echo({}, { debounce });
    await runs.poll(first);
    const next = await echo({}, { debounce });
    expect(next).toMatchObject({ isCached: false });
    expect(next.id).not.toBe(first.id);
    await runs.poll(next);
  });
});

describe.concurrent("idempotency keys", () => {
  test("200 concurrent triggers with one key make one run (I7)", async () => {
    const idempotencyKey = freshKey();
    const bySdk = Array.from({ length: 100 }, () => echo({}, { idempotencyKey }));
    const streams = Array.from({ length: 10 }, () =>
      triggerAll(
        client,
        Array.from({ length: 10 }, () => ({ taskId: "echo", options: { idempotencyKey } })),
      ),
    );
    const ids = (await Promise.all(bySdk)).map(({ id }) => id);
    for (const results of await Promise.all(streams)) ids.push(...runIdsOf(results));
    expect(ids).toHaveLength(200);
    expect(new Set(ids).size).toBe(1);
    expect(await runs.poll(ids[0]!)).toMatchObject({ status: "COMPLETED" });
  });

  test("a key holds for its time, and then makes another run", async () => {
    const options = { idempotencyKey: freshKey(), idempotencyKeyTTL: "3s" };
    const first = await echo({}, options);
    expect(await echo({}, options)).toMatchObject({ id: first.id, isCached: true });
    const next = await waitFor("the key to be free", async () => {
      const handle = await echo({}, options);
      return handle.id === first.id ? undefined : handle;
    });
    const madeAfterMs =
      Number((await runs.retrieve(next.id)).createdAt) - Number((await runs.retrieve(first.id)).createdAt);
    expect(madeAfterMs).toBeGreaterThanOrEqual(3_000);
  });

  test("a reset frees the key at once, whatever the state of its run; to reset it again is no error", async () => {
    const key = await idempotencyKeys.create(freshKey(), { scope: "global" });
    const first = await echo({}, { idempotencyKey: key });
    const reset = { taskId: "echo", idempotencyKey: key };
    expect(await client.tasks.resetIdempotencyKey(reset)).toMatchObject({ wasSet: true });
    const next = await echo({}, { idempotencyKey: key });
    expect(next).toMatchObject({ isCached: false });
    expect(next.id).not.toBe(first.id);
    expect(await client.tasks.resetIdempotencyKey(reset)).toMatchObject({ wasSet: true });
    expect(await client.tasks.resetIdempotencyKey(reset)).toMatchObject({ wasSet: false });
  });

  test("a failed run frees its key, a completed one keeps it", async () => {
    const idempotencyKey = freshKey();
    const failed = await runs.poll(await tasks.trigger("hopeless", {}, { idempotencyKey }));
    expect(failed.status).toBe("FAILED");
    expect((await tasks.trigger("hopeless", {}, { idempotencyKey })).id).not.toBe(failed.id);
    const completed = await runs.poll(await echo({}, { idempotencyKey }));
    expect(await echo({}, { idempotencyKey })).toMatchObject({ id: completed.id, isCached: true });
  });
});

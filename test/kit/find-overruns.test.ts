import type { Postgres } from "@windlass/chassis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connectToPostgres } from "./connect-to-postgres.ts";
import { findOverruns } from "./find-overruns.ts";
import { createStoreDatabase, type TestDatabase } from "./test-database.ts";

let database: TestDatabase;
let postgres: Postgres;

beforeAll(async () => {
  database = await createStoreDatabase();
  postgres = await connectToPostgres(database.url);
});

afterAll(async () => {
  await postgres.stop();
  await database.drop();
});

beforeEach(() => postgres.query({ name: "", text: "truncate runs, run_events" }));

/** Stores a run that has ended, with its statuses and their seconds. */
async function store(id: string, key: string | null, steps: readonly (readonly [string, number])[]): Promise<void> {
  const run = {
    name: "",
    text: `insert into runs (environment_id, id, task_id, status, revision, queue, concurrency_key, deployment_id, attempt_number, max_attempts, create_time, queue_time,
      start_time, finish_time, event_seq, tags, is_test, traceparent)
      values ('env', $1, 't', 'COMPLETED', 3, 'q', $2, 'dep', 1, 3, now(), now(), now(), now(), 9, '{}', false, '')`,
  };
  await postgres.query(run, [id, key]);
  const event = {
    name: "",
    text: `insert into run_events (environment_id, run_id, first_seq, count, status, attempt_number, time)
      values ('env', $1, $2::int, 1, $3::run_status, 1, timestamptz '2026-01-01 00:00:00Z' + $4::float8 * interval '1 s')`,
  };
  for (const [n, [status, second]] of steps.entries()) await postgres.query(event, [id, n + 1, status, second]);
}

const overruns = (limit: number) => findOverruns(postgres, { queue: "q", limit });

test("runs that follow one another, to the microsecond, do not overlap", async () => {
  await store("run_1", null, [
    ["QUEUED", 0],
    ["EXECUTING", 1],
    ["COMPLETED", 2],
  ]);
  await store("run_2", null, [
    ["QUEUED", 0],
    ["EXECUTING", 2],
    ["COMPLETED", 3],
  ]);
  expect(await overruns(1)).toEqual([]);
});

test("runs that overlap are counted for each key by itself", async () => {
  await store("run_1", "a", [
    ["EXECUTING", 1],
    ["COMPLETED", 4],
  ]);
  await store("run_2", "a", [
    ["EXECUTING", 2],
    ["COMPLETED", 5],
  ]);
  await store("run_3", "b", [
    ["EXECUTING", 3],
    ["COMPLETED", 6],
  ]);
  expect(await overruns(1)).toEqual([{ environmentId: "env", queue: "q", concurrencyKey: "a", most: 2 }]);
  expect(await overruns(2)).toEqual([]);
});

test("a run that waits holds no slot, one that is being canceled does, and so does one that has not ended", async () => {
  await store("run_1", null, [
    ["EXECUTING", 1],
    ["WAITING", 2],
    ["QUEUED", 6],
    ["EXECUTING", 7],
    ["COMPLETED", 8],
  ]);
  await store("run_2", null, [
    ["EXECUTING", 3],
    ["COMPLETED", 5],
  ]);
  expect(await overruns(1)).toEqual([]);
  await store("run_3", null, [
    ["EXECUTING", 10],
    ["CANCELING", 11],
    ["CANCELED", 14],
  ]);
  await store("run_4", null, [["EXECUTING", 13]]);
  expect(await overruns(1)).toEqual([{ environmentId: "env", queue: "q", concurrencyKey: "", most: 2 }]);
});

import type { Postgres } from "@windlass/chassis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connectToPostgres } from "./connect-to-postgres.ts";
import { checkInvariants, checkSettled, checkTerminalUnchanged, snapshotTerminal } from "./invariants.ts";
import { createStoreDatabase, type TestDatabase } from "./test-database.ts";

// The checker is checked: in a database without fault it finds nothing, and it finds every fault that a test can make by hand.
// What the schema itself refuses (two owners, no owner, an ended run with a lease) cannot be made here.

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

/** One completed run and one that executes its second attempt. */
beforeEach(async () => {
  for (const text of [
    "truncate runs, run_contents, run_events, attempts, supervisors, queue_epochs, schedules",
    `insert into supervisors (id, hostname, sandbox_tier, ttl_ms, register_time, expire_time) values ('sup_1', 'here', 'process', 3000, now(), now() + interval '1 h')`,
    `insert into runs (environment_id, id, task_id, status, revision, queue, deployment_id, attempt_number, max_attempts, create_time, queue_time,
       start_time, finish_time, lease_token, supervisor_id, claim_time, event_seq, tags, is_test, traceparent) values
       ('env', 'run_done', 't', 'COMPLETED', 3, 'q', 'dep', 1, 3, now(), now(), now(), now(), null, null, null, 5, '{}', false, ''),
       ('env', 'run_going', 't', 'EXECUTING', 4, 'q', 'dep', 2, 3, now(), now(), now(), null, '00000000-0000-4000-8000-000000000003', 'sup_1', now(), 4, '{}', false, '')`,
    `insert into run_contents (environment_id, run_id, request_id, payload, payload_type) values
       ('env', 'run_done', 'r1', 'x', 'application/json'), ('env', 'run_going', 'r2', 'x', 'application/json')`,
    `insert into attempts (environment_id, run_id, number, outcome, supervisor_id, lease_token, start_time, finish_time, hooks) values
       ('env', 'run_done', 1, 'SUCCEEDED', 'sup_1', '00000000-0000-4000-8000-000000000001', now(), now(), 'x'),
       ('env', 'run_going', 1, 'FAILED', 'sup_1', '00000000-0000-4000-8000-000000000002', now(), now(), 'x')`,
    `insert into run_events (environment_id, run_id, first_seq, count, status, attempt_number, time) values
       ('env', 'run_done', 1, 1, 'QUEUED', 0, now()), ('env', 'run_done', 2, 1, 'EXECUTING', 1, now()), ('env', 'run_done', 3, 3, 'COMPLETED', 1, now()),
       ('env', 'run_going', 1, 1, 'QUEUED', 0, now()), ('env', 'run_going', 2, 1, 'EXECUTING', 1, now()), ('env', 'run_going', 3, 1, 'RETRYING', 1, now()),
       ('env', 'run_going', 4, 1, 'EXECUTING', 2, now())`,
  ]) {
    await postgres.query({ name: "", text });
  }
});

test("a database without fault has no violation", async () => {
  expect(await checkSettled(postgres)).toEqual([]);
  expect(await checkTerminalUnchanged(postgres, await snapshotTerminal(postgres))).toEqual([]);
});

test.for([
  ["I1", "a lost payload", "delete from run_contents where run_id = 'run_going'"],
  ["I2", "an ended attempt that was not stored", "delete from attempts where run_id = 'run_going'"],
  [
    "I2",
    "a lease token used twice",
    "update runs set lease_token = '00000000-0000-4000-8000-000000000001' where id = 'run_going'",
  ],
  [
    "I2",
    "an attempt after the one that succeeded",
    "update attempts set outcome = 'SUCCEEDED' where run_id = 'run_going'",
  ],
  [
    "I3",
    "an end told twice",
    "insert into run_events values ('env', 'run_done', 6, 1, 'FAILED', 1, now()), ('env', 'run_done', 7, 1, 'COMPLETED', 1, now())",
  ],
  ["I3", "an end that was not told", "update run_events set status = null where run_id = 'run_done' and first_seq = 3"],
  [
    "I3",
    "a run that goes on after its end was told",
    "update run_events set status = 'COMPLETED' where run_id = 'run_going' and first_seq = 3",
  ],
  [
    "ttl",
    "a run that expired after its start",
    "update runs set status = 'EXPIRED', expire_time = null where id = 'run_done'",
  ],
  [
    "ttl",
    "a run that will expire although it has started",
    "update runs set expire_time = now() where id = 'run_done'",
  ],
  ["I8", "a success without the results of its hooks", "update attempts set hooks = null where run_id = 'run_done'"],
  ["timeline", "a gap", "update run_events set first_seq = 5 where run_id = 'run_going' and first_seq = 4"],
  ["timeline", "an entry more than the run counts", "update runs set event_seq = 3 where id = 'run_going'"],
] as const)("%s: %s is found", async ([invariant, , text]) => {
  await postgres.query({ name: "", text });
  expect((await checkInvariants(postgres)).map((violation) => violation.invariant)).toContain(invariant);
});

test.for([
  ["a lease of an unknown supervisor", "delete from supervisors"],
  ["a lease of a supervisor that is long dead", "update supervisors set expire_time = now() - interval '4 s'"],
  [
    "a timer that nobody watches",
    "update runs set status = 'RETRYING', lease_token = null, supervisor_id = null, claim_time = null, due_time = now() - interval '11 s' where id = 'run_going'",
  ],
  [
    "a schedule that nobody ticks",
    "insert into environments (id, slug, type, project) values ('env', 'env', 'DEVELOPMENT', 'p') on conflict do nothing; insert into schedules (environment_id, id, task_id, type, cron, timezone, deduplication_key, external_id, is_active, next_time, create_time) values ('env', 'sched_1', 't', 'IMPERATIVE', '* * * * *', 'UTC', 'k', '', true, now() - interval '11 s', now())",
  ],
] as const)("what nobody repairs is found once it should have been: %s", async ([, text]) => {
  await postgres.query({ name: "", text });
  expect(await checkSettled(postgres)).not.toEqual([]);
});

test("a run that ends differently the second time is found", async () => {
  const before = await snapshotTerminal(postgres);
  await postgres.query({ name: "", text: "update runs set status = 'FAILED' where id = 'run_done'" });
  expect((await checkTerminalUnchanged(postgres, before)).map(({ invariant }) => invariant)).toEqual(["I3"]);
});

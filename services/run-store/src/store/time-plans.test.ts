import type { Statement } from "@windlass/chassis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHotStore } from "../testing/hot-store.ts";
import { tableAccesses } from "../testing/table-accesses.ts";
import { EXPIRE_RUNS, SELECT_RUN_EXPIRIES } from "./expire-runs.ts";
import { LIST_DUE, READ_IN_ORDER } from "./list-due.ts";
import { LIST_SCHEDULES } from "./list-schedules.ts";
import { SELECT_RUN_WAITS } from "./run-waits.ts";
import { LIST_BATCHES, LIST_BATCH_FAILURES, SELECT_BATCH } from "./read-batches.ts";
import { LOCK_DUE_SCHEDULES, MOVE_SCHEDULES, SELECT_NEXT_TICKS } from "./tick-schedules.ts";

const store = await startHotStore();
afterAll(() => store.stop());

const TABLES = ["runs", "run_contents", "schedules", "batches", "batch_failures", "run_waits", "batch_waits"];
const accesses = (statement: Statement, setting?: Statement) =>
  tableAccesses(store.postgres, statement, TABLES, setting);

// Tables that seem small for good are where the planner is most tempted to read them from end to end, and to keep that plan.
describe.each([0, 1, 60])("with %i rows in analyzed tables", (count) => {
  beforeAll(async () => {
    await store.sql("DELETE FROM runs; DELETE FROM run_contents; DELETE FROM schedules");
    await store.triggerMany(count);
    await store.sql(
      `INSERT INTO schedules (environment_id, id, task_id, type, cron, timezone, deduplication_key, external_id, is_active, next_time, create_time)
        SELECT 'env_test', 'sched_' || n, 'hello', 'IMPERATIVE', '* * * * *', 'UTC', n::text, '', true, now(), now() FROM generate_series(1, $1) n`,
      [count],
    );
    await store.sql("VACUUM ANALYZE");
  });

  it("what a run waits for is looked up by primary key, a batch's runs in the batch's own index", async () => {
    const accessed = (await accesses(SELECT_RUN_WAITS)).map((line) => line.replace(/^.* using (\S+) on .*$/, "$1"));
    expect(accessed).toEqual([
      "batch_waits_environment_id_run_id_pk",
      "run_contents_batch",
      "run_waits_environment_id_run_id_awaited_run_id_pk",
      "batch_waits_environment_id_run_id_pk",
      "run_waits_environment_id_run_id_awaited_run_id_pk",
      "runs_environment_id_id_pk",
    ]);
  });

  it("ticks look schedules up by primary key", async () => {
    for (const statement of [LOCK_DUE_SCHEDULES, MOVE_SCHEDULES, SELECT_NEXT_TICKS])
      expect(await accesses(statement)).toEqual(["Index Scan using schedules_environment_id_id_pk on schedules s"]);
  });

  it("expiries look runs up by primary key", async () => {
    for (const statement of [EXPIRE_RUNS, SELECT_RUN_EXPIRIES])
      expect(await accesses(statement)).toEqual(["Index Scan using runs_environment_id_id_pk on runs r"]);
  });

  it("what is due is a piece of each kind's index", async () => {
    expect(await accesses(LIST_DUE, READ_IN_ORDER)).toEqual([
      "Index Scan using runs_due on runs",
      "Index Scan using runs_expire on runs runs_1",
      "Index Scan using schedules_due on schedules",
    ]);
  });

  it("lists and batches read no table from end to end", async () => {
    for (const statement of [LIST_SCHEDULES, SELECT_BATCH, LIST_BATCHES, LIST_BATCH_FAILURES])
      for (const access of await accesses(statement)) expect(access).not.toContain("Seq Scan");
  });
});

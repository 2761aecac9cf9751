import type { Statement } from "@windlass/chassis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compare } from "../run-order.ts";
import { startHotStore } from "../testing/hot-store.ts";
import { tableAccesses } from "../testing/table-accesses.ts";
import { CANCEL_RUNS } from "./cancel-runs.ts";
import { CLAIM_IDEMPOTENCY_KEYS } from "./claim-idempotency-keys.ts";
import { CLAIM_RUNS } from "./claim-runs.ts";
import { COUNT_RUNS } from "./count-runs.ts";
import { COUNT_QUEUES } from "./count-queues.ts";
import { END_ATTEMPTS } from "./end-attempts.ts";
import { INSERT_CLAIMED_RUNS } from "./insert-claimed-runs.ts";
import { INSERT_DESCRIBED_RUNS } from "./insert-described-runs.ts";
import { INSERT_RUNS } from "./insert-runs.ts";
import { LIST_LEASED_RUNS } from "./list-leased-runs.ts";
import { LIST_HOOKS } from "./list-hooks-of-earlier-attempts.ts";
import { LIST_LEFT_BY_CANCELS } from "./list-left-by-cancels.ts";
import { LIST_QUEUED_RUNS } from "./list-queued-runs.ts";
import { QUEUE_DUE_RUNS } from "./queue-due-runs.ts";
import { REPORT_WORK } from "./report-work.ts";
import { COUNT_WAITING } from "./select-queue-lengths.ts";
import { SELECT_RETRY_BOUNDS } from "./select-retry-bounds.ts";

const store = await startHotStore();
afterAll(() => store.stop());

const TABLES = ["runs", "run_contents", "run_metadata", "deployment_tasks", "idempotency_keys", "attempts"];
const accesses = (statement: Statement) => tableAccesses(store.postgres, statement, TABLES);

// Tables that seem small for good are where the planner is most tempted to read them from end to end, and to keep that plan.
describe.each([0, 1, 60])("with %i runs in analyzed tables", (count) => {
  beforeAll(async () => {
    await store.sql("DELETE FROM runs; DELETE FROM run_contents; DELETE FROM attempts");
    for (const runId of await store.triggerMany(count)) await store.finish(await store.claim(runId));
    await store.sql("VACUUM ANALYZE");
  });

  it("a claim looks up runs and their contents by primary key, never through the queue's index", async () => {
    expect(await accesses(CLAIM_RUNS)).toEqual([
      "Index Scan using run_contents_environment_id_run_id_pk on run_contents c",
      "Index Scan using run_metadata_environment_id_run_id_pk on run_metadata m",
      "Index Scan using runs_environment_id_id_pk on runs r",
    ]);
  });

  it("a report looks up runs by primary key, though few could be meant, and the contents of those given back", async () => {
    expect(await accesses(REPORT_WORK)).toEqual([
      "Index Scan using run_contents_environment_id_run_id_pk on run_contents c",
      "Index Scan using runs_environment_id_id_pk on runs r",
    ]);
  });

  it("an end looks up runs by primary key, though few could be meant", async () => {
    expect(await accesses(END_ATTEMPTS)).toEqual(["Index Scan using runs_environment_id_id_pk on runs r"]);
  });

  it("due runs and their machines are looked up by primary key, though few could be meant", async () => {
    expect(await accesses(QUEUE_DUE_RUNS)).toEqual([
      "Index Scan using deployment_tasks_environment_id_deployment_id_task_id_pk on deployment_tasks t",
      "Index Scan using runs_environment_id_id_pk on runs r",
    ]);
  });

  it("a trigger with options looks up its parent, and versions and tasks, by key", async () => {
    for (const access of await accesses(INSERT_DESCRIBED_RUNS)) expect(access).not.toMatch(/Seq Scan|Merge Join/);
  });

  it("a trigger that is claimed as it is stored looks up versions and tasks by key", async () => {
    const found = await accesses(INSERT_CLAIMED_RUNS);
    expect(found).not.toEqual([]);
    for (const access of found)
      expect(access).toContain("Index Scan using deployment_tasks_environment_id_deployment_id_task_id_pk");
  });

  it("an idempotency key is looked up with the run it stands for", async () => {
    expect(await accesses(CLAIM_IDEMPOTENCY_KEYS)).toEqual(["Index Scan using runs_environment_id_id_pk on runs r"]);
  });

  it("a cancel looks up runs by primary key", async () => {
    for (const access of await accesses(CANCEL_RUNS)) expect(access).not.toContain("Seq Scan");
  });

  it("a retry decision looks up runs and their tasks by primary key", async () => {
    expect(await accesses(SELECT_RETRY_BOUNDS)).toEqual([
      "Index Scan using deployment_tasks_environment_id_deployment_id_task_id_pk on deployment_tasks d",
      "Index Scan using runs_environment_id_id_pk on runs r",
    ]);
  });

  it("what the hooks of earlier attempts did is looked up by primary key", async () => {
    expect(await accesses(LIST_HOOKS)).toEqual([
      "Index Scan using attempts_environment_id_run_id_number_pk on attempts a",
    ]);
  });

  it("what cancels have left is a piece of the index of live runs, and those above it are looked up", async () => {
    for (const access of await accesses(LIST_LEFT_BY_CANCELS)) expect(access).not.toContain("Seq Scan");
  });

  it("a trigger looks up the environment and the task in its version", async () => {
    for (const access of await accesses(INSERT_RUNS)) expect(access).not.toContain("Seq Scan");
  });

  it("a page of the queue is a piece of its index, and the machine of each run is looked up in its version", async () => {
    expect(await accesses(LIST_QUEUED_RUNS)).toEqual([
      "Index Scan using deployment_tasks_environment_id_deployment_id_task_id_pk on deployment_tasks t",
      "Index Scan using runs_queued on runs r",
    ]);
  });

  it("the list of leases is read from the index that has only leases, in whatever form", async () => {
    const lines = await accesses(LIST_LEASED_RUNS);
    for (const line of lines) expect(line).not.toMatch(/Seq Scan on runs|runs_environment_id_id_pk/);
  });

  it("runs that wait in a queue are counted in its piece of the index", async () => {
    for (const statement of [COUNT_QUEUES, COUNT_WAITING])
      for (const line of await accesses(statement)) expect(line).not.toMatch(/Seq Scan|runs_environment_id_id_pk/);
  });

  it("runs are counted in indexes that have nothing but what is counted", async () => {
    expect(
      (await accesses(COUNT_RUNS)).map((access) => /using (\w+)/u.exec(access)?.[1] ?? "").toSorted(compare),
    ).toEqual(["runs_failed", "runs_leased", "runs_queued"]);
  });
});

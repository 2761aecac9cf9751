import { fromBinary } from "@bufbuild/protobuf";
import { ErrorReason, RunErrorCode, RunStatus, WatchRunResponseSchema } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { queueDueRuns } from "../store/queue-due-runs.ts";
import { failed, finishItem, hookResult, json, leaseKey, logEvent, runError } from "../testing/reports.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import type { FinishItem } from "./report-item.ts";

const store = await shareHotStore();

const claimNew = async (task = "hello") => store.claim(await store.trigger({ taskId: task }));
const lost = { outcome: "LOST", output: undefined, error: runError(RunErrorCode.SUPERVISOR_LOST) } as const;
const crashed = { outcome: "CRASHED", output: undefined, error: runError(RunErrorCode.PROCESS_EXITED) } as const;

describe("the end of an attempt", () => {
  it.each<[string, string, Partial<FinishItem>, string]>([
    ["a success", "hello", {}, "COMPLETED"],
    ["a failure with attempts left", "hello", failed(), "RETRYING"],
    ["a failure without", "once", failed(), "FAILED"],
    ["a failure that wants no retry", "hello", { ...failed(), decision: { kind: "never" } }, "FAILED"],
    ["a crash with attempts left", "hello", crashed, "RETRYING"],
    ["a crash without", "once", crashed, "CRASHED"],
    ["a crash out of memory", "hello", { ...crashed, error: runError(RunErrorCode.OUT_OF_MEMORY) }, "CRASHED"],
    ["a loss with attempts left", "hello", lost, "RETRYING"],
    ["a loss without", "once", lost, "SYSTEM_FAILURE"],
    ["a failed import", "hello", { ...lost, error: runError(RunErrorCode.TASK_IMPORT_ERROR) }, "SYSTEM_FAILURE"],
    ["a cancel nobody asked for", "hello", { outcome: "CANCELED", output: undefined }, "CANCELED"],
  ])("%s of %s: %s", async (_, task, end, status) => {
    const lease = await claimNew(task);
    const told = status === "RETRYING" ? undefined : store.ended(lease.run?.id ?? "");
    expect(await store.finish(lease, end)).toEqual([]);
    const run = await store.run(lease.run?.id ?? "");
    expect(run).toMatchObject({ status, lease_token: null, supervisor_id: null, attempt_number: 1 });
    expect(run.finish_time === null).toBe(status === "RETRYING");
    expect(run.due_time === null).toBe(status !== "RETRYING");
    expect(await store.statuses(run.id)).toEqual(["QUEUED", "EXECUTING", status]);
    expect((await told)?.status).toBe(told === undefined ? undefined : RunStatus[status as keyof typeof RunStatus]);
  });

  it("by eviction takes none of the run's attempts: it is repeated at once, and has as many left as before", async () => {
    const lease = await claimNew("once");
    await store.finish(lease, { ...lost, error: runError(RunErrorCode.EVICTED) });
    const runId = lease.run?.id ?? "";
    const evicted = await store.run(runId);
    expect(evicted).toMatchObject({ status: "RETRYING", attempt_number: 1, max_attempts: 2 });
    await queueDueRuns(store.postgres, [{ environmentId: lease.ref?.environmentId ?? "", runId }], true);
    const again = await store.claim(runId);
    await store.finish(again, failed());
    expect(await store.run(runId)).toMatchObject({ status: "FAILED", attempt_number: 2, max_attempts: 2 });
  });

  it("is stored with its hooks, output and timeline in one piece (I8), and tells whoever waits all of it", async () => {
    const lease = await claimNew();
    const runId = lease.run?.id ?? "";
    const ended = store.ended(runId);
    await store.finish(lease, {
      output: json({ answer: 42 }),
      hooks: [hookResult("init"), hookResult("run")],
      events: [logEvent("one"), logEvent("two")],
    });
    expect(await ended).toMatchObject({
      id: runId,
      status: RunStatus.COMPLETED,
      version: "v1",
      attemptNumber: 1,
      output: { data: Buffer.from('{"answer":42}'), contentType: "application/json" },
    });
    const [attempt] = await store.sql<{ output: Buffer }>(
      "SELECT number, outcome, supervisor_id, lease_token, output, output_type, error, hooks IS NOT NULL AS has_hooks FROM attempts WHERE run_id = $1",
      [runId],
    );
    expect(attempt).toMatchObject({
      number: 1,
      outcome: "SUCCEEDED",
      supervisor_id: "sup_test",
      lease_token: lease.ref?.leaseToken,
      output_type: "application/json",
      error: null,
      has_hooks: true,
    });
    const [chunk] = await store.sql<{ events: Buffer; first_seq: bigint; count: number; status: string }>(
      "SELECT first_seq, count, status, events FROM run_events WHERE run_id = $1 ORDER BY first_seq DESC LIMIT 1",
      [runId],
    );
    expect(chunk).toMatchObject({ first_seq: 3n, count: 4, status: "COMPLETED" });
    const { events } = fromBinary(WatchRunResponseSchema, chunk?.events ?? Buffer.alloc(0));
    expect(events.map((event) => event.body.case)).toEqual(["log", "log", "attemptEnded"]);
  });

  it("tells the scheduler of a retry, with the delay of the task's policy", async () => {
    const due = store.feed.due.subscribe(10);
    const lease = await claimNew();
    const [before] = await store.sql<{ text: string }>("SELECT now()::text AS text");
    await store.finish(lease, failed());
    for await (const [item] of due) {
      expect(item).toMatchObject({ dueInMs: 1_000n, item: { case: "run", value: { runId: lease.run?.id } } });
      break;
    }
    const [row] = await store.sql<{ fromBefore: number; fromNow: number }>(
      `SELECT date_part('epoch', due_time - $2::timestamptz) * 1000 AS "fromBefore",
        date_part('epoch', due_time - now()) * 1000 AS "fromNow" FROM runs WHERE id = $1`,
      [lease.run?.id, before?.text],
    );
    expect(row?.fromBefore).toBeGreaterThanOrEqual(1_000);
    expect(row?.fromNow).toBeLessThanOrEqual(1_000);
  });

  it("is taken by the task's own delay", async () => {
    const lease = await claimNew();
    await store.finish(lease, { ...failed(), decision: { kind: "after", delayMs: 3_600_000 } });
    const [row] = await store.sql<{ far: boolean }>(
      "SELECT due_time > now() + interval '59 min' AS far FROM runs WHERE id = $1",
      [lease.run?.id],
    );
    expect(row?.far).toBe(true);
  });

  it("of a version that lacks the task is retried by the default policy", async () => {
    const lease = await claimNew();
    await store.deploy([{ id: "other" }]);
    const gone = await store.claim(await store.trigger({ taskId: "other" }));
    await store.sql("DELETE FROM deployment_tasks WHERE task_id = 'other'");
    await store.finish(gone, { ...lost });
    expect(await store.run(gone.run?.id ?? "")).toMatchObject({ status: "RETRYING" });
    await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }]);
    await store.finish(lease);
  });
});

describe("a cancel", () => {
  it.each<[string, Partial<FinishItem>]>([
    ["a success, whose output is kept", {}],
    ["a failure", failed()],
    ["a crash", crashed],
    ["a loss", lost],
    ["a cancel in time", { outcome: "CANCELED", output: undefined }],
    ["a forced cancel", { outcome: "CANCEL_FORCED", output: undefined }],
  ])("that was asked for ends the run as CANCELED, whatever comes: %s", async (_, end) => {
    const lease = await claimNew();
    const runId = lease.run?.id ?? "";
    await store.cancel(runId);
    const ended = store.ended(runId);
    expect(await store.finish(lease, end)).toEqual([]);
    expect(await store.run(runId)).toMatchObject({ status: "CANCELED", due_time: null });
    expect((await ended).output?.data).toEqual(
      end.output === undefined && "output" in end ? undefined : Buffer.from('{"ok":true}'),
    );
  });

  it("meets the end of the attempt at the same moment: one of them comes first, and both agree", async () => {
    for (let round = 0; round < 20; round += 1) {
      const lease = await claimNew();
      const runId = lease.run?.id ?? "";
      await Promise.all([store.cancel(runId), store.finish(lease)]);
      const { status } = await store.run(runId);
      expect(await store.statuses(runId)).toEqual(
        status === "COMPLETED"
          ? ["QUEUED", "EXECUTING", "COMPLETED"]
          : ["QUEUED", "EXECUTING", "CANCELING", "CANCELED"],
      );
    }
  });
});

describe("the lease token (I2)", () => {
  it("that is stale changes nothing, for every kind of report", async () => {
    const lease = await claimNew();
    await store.release(lease);
    const current = await store.claim(lease.run?.id ?? "");
    const before = await store.run(lease.run?.id ?? "");
    expect(await store.finish(lease)).toEqual([leaseKey(lease)]);
    expect(await store.progress(lease, [logEvent("late")])).toEqual([leaseKey(lease)]);
    expect(await store.release(lease)).toEqual([leaseKey(lease)]);
    expect(await store.run(lease.run?.id ?? "")).toEqual(before);
    expect(await store.finish(current)).toEqual([]);
  });

  it("of a finish that is repeated is answered OK, of another end LEASE_LOST, and nothing is stored twice", async () => {
    const lease = await claimNew();
    await store.finish(lease, { output: json(1) });
    const before = await store.run(lease.run?.id ?? "");
    expect(await store.finish(lease, { output: json(1) })).toEqual([]);
    expect(await Promise.all([store.finish(lease), store.finish(lease)])).toEqual([[], []]);
    expect(await store.finish(lease, failed())).toEqual([leaseKey(lease)]);
    expect(await store.run(lease.run?.id ?? "")).toEqual(before);
  });

  it("of a finish that comes twice at once is stored once", async () => {
    const lease = await claimNew();
    const results = await Promise.all(Array.from({ length: 5 }, () => store.finish(lease)));
    expect(results.flat()).toEqual([]);
    expect(await store.sql("SELECT number FROM attempts WHERE run_id = $1", [lease.run?.id])).toHaveLength(1);
  });

  it("of another run, environment or form is LEASE_LOST", async () => {
    const [first, second] = [await claimNew(), await claimNew()];
    const item = finishItem(first);
    const lease = { ...item.lease, runId: second.run?.id ?? "" };
    expect((await store.parts.reporter.report({ items: [{ ...item, lease }], bytes: 0 })).lost).toEqual([lease]);
    const elsewhere = { ...item.lease, environmentId: "env_other" };
    expect((await store.parts.reporter.report({ items: [{ ...item, lease: elsewhere }], bytes: 0 })).lost).toEqual([
      elsewhere,
    ]);
    await store.finish(first);
    await store.finish(second);
  });
});

describe("progress", () => {
  it("adds to the timeline, and changes nothing else", async () => {
    const lease = await claimNew();
    const before = await store.run(lease.run?.id ?? "");
    expect(await store.progress(lease, [logEvent("one"), logEvent("two")])).toEqual([]);
    expect(await store.run(before.id)).toEqual({ ...before, revision: before.revision + 1n, event_seq: 4n });
    await store.finish(lease);
    expect((await store.run(before.id)).event_seq).toBe(6n);
  });

  it("that is sent again is stored once", async () => {
    const lease = await claimNew();
    const events = [logEvent("one"), logEvent("two")];
    await store.progress(lease, events);
    await store.progress(lease, [logEvent("three")]);
    expect(await store.progress(lease, events)).toEqual([]);
    expect((await store.run(lease.run?.id ?? "")).event_seq).toBe(5n);
    await store.finish(lease);
  });

  it("stays ahead of the end that follows it, whichever batch they are in", async () => {
    const leases = await Promise.all(Array.from({ length: 20 }, () => claimNew()));
    await Promise.all(leases.flatMap((lease) => [store.progress(lease, [logEvent("before")]), store.finish(lease)]));
    for (const lease of leases) {
      const chunks = await store.sql("SELECT count, status FROM run_events WHERE run_id = $1 ORDER BY first_seq", [
        lease.run?.id,
      ]);
      expect(chunks.slice(2)).toEqual([
        { count: 1, status: null },
        { count: 2, status: "COMPLETED" },
      ]);
    }
  });
});

describe("a lease given back unstarted", () => {
  it("queues the run again in its old place, costs no attempt and tells the queue", async () => {
    const queued = store.feed.queued.subscribe(100);
    const runId = await store.trigger();
    const before = await store.run(runId);
    expect(await store.release(await store.claim(runId))).toEqual([]);
    expect(await store.run(runId)).toMatchObject({
      status: "QUEUED",
      attempt_number: 0,
      queue_time: before.queue_time,
      start_time: null,
      deployment_id: null,
      supervisor_id: null,
    });
    const told: string[] = [];
    for await (const runs of queued) {
      told.push(...runs.map((run) => run.runId));
      if (told.length === 2) break;
    }
    expect(told).toEqual([runId, runId]);
    expect((await store.claim(runId)).attemptNumber).toBe(1);
  });

  it("of a later attempt keeps what the earlier ones fixed", async () => {
    const lease = await claimNew();
    const runId = lease.run?.id ?? "";
    await store.finish(lease, { ...failed(), decision: { kind: "after", delayMs: 0 } });
    await queueDueRuns(store.postgres, [{ environmentId: "env_test", runId }], false);
    await store.release(await store.claim(runId));
    expect(await store.run(runId)).toMatchObject({ attempt_number: 1, deployment_id: lease.deploymentId });
    expect((await store.run(runId)).start_time).not.toBeNull();
    await store.finish(await store.claim(runId));
  });

  it("whose cancel was asked for is CANCELED", async () => {
    const lease = await claimNew();
    await store.cancel(lease.run?.id ?? "");
    await store.release(lease);
    expect(await store.run(lease.run?.id ?? "")).toMatchObject({ status: "CANCELED", attempt_number: 0 });
  });
});

describe("a report that PostgreSQL refuses", () => {
  it("is refused alone, and can be replaced; others of the same moment are stored", async () => {
    const [good, bad] = [await claimNew(), await claimNew()];
    const output = { ...json(1), contentType: "a\0b" };
    const [stored, refused] = await Promise.allSettled([store.finish(good), store.finish(bad, { output })]);
    expect(stored).toEqual({ status: "fulfilled", value: [] });
    expect(refused).toMatchObject({ status: "rejected", reason: { reason: ErrorReason.FIELD_INVALID } });
    expect(await store.run(bad.run?.id ?? "")).toMatchObject({ status: "EXECUTING" });
    expect(await store.finish(bad)).toEqual([]);
  });
});

it("many reports of many leases at once are all stored", async () => {
  const ids = await store.triggerMany(300);
  const leases = await Promise.all(ids.map((id) => store.claim(id)));
  const results = await Promise.all(leases.map((lease, index) => store.finish(lease, index % 3 === 0 ? failed() : {})));
  expect(results.flat()).toEqual([]);
  const [row] = await store.sql("SELECT count(*)::int FROM runs WHERE id = ANY ($1) AND lease_token IS NULL", [ids]);
  expect(row).toEqual({ count: 300 });
});

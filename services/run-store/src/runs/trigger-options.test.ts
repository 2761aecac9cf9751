import { randomUUID } from "node:crypto";
import { CallFailure } from "@windlass/proto/grpc";
import { create, toBinary } from "@bufbuild/protobuf";
import { RunOptionsSchema, RunStatus } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { queueDueRuns } from "../due/queue-due-runs.ts";
import { deleteExpiredKeys } from "../store/delete-expired-keys.ts";
import { ENVIRONMENT_ID, newTrigger, OTHER_ENVIRONMENT_ID, runIdOf } from "../testing/hot-store.ts";
import { failed } from "../testing/reports.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import { NO_OPTIONS, type ParsedRunOptions } from "../validation/run-options.ts";
import type { ParsedTrigger } from "../validation/trigger-requests.ts";

const store = await shareHotStore();

const given = (options: Partial<ParsedRunOptions>) => ({
  options: { ...NO_OPTIONS, encoded: Buffer.from(""), ...options },
});
const keyed = (key: string, ttlMs = 60_000) => given({ idempotency: { key, ttlMs } });
const trigger = async (overrides: Partial<ParsedTrigger>, environmentId = ENVIRONMENT_ID) => {
  const [result] = await store.parts.trigger.trigger(environmentId, [newTrigger(randomUUID(), overrides)]);
  return result;
};
const many = (count: number, overrides: Partial<ParsedTrigger>) =>
  store.parts.trigger.trigger(
    ENVIRONMENT_ID,
    Array.from({ length: count }, () => newTrigger(randomUUID(), overrides)),
  );
const violation = async (result: Promise<unknown>) => {
  const failure = await result;
  return failure instanceof CallFailure ? failure.violations[0]?.field : undefined;
};

describe("one idempotency key is one run (I7)", () => {
  it("of one task of one environment, and whoever comes later is told that it is cached", async () => {
    const key = randomUUID();
    const first = await trigger(keyed(key));
    expect(first).toMatchObject({ isCached: false });
    expect(await trigger(keyed(key))).toEqual({ runId: runIdOf(first), isCached: true });
    expect(await trigger({ ...keyed(key), taskId: "once" })).toMatchObject({ isCached: false });
    await store.deploy([{ id: "hello" }], OTHER_ENVIRONMENT_ID);
    expect(await trigger(keyed(key), OTHER_ENVIRONMENT_ID)).toMatchObject({ isCached: false });
  });

  it("inside one batch, and beside triggers without one", async () => {
    const key = randomUUID();
    const [a, b] = [newTrigger(randomUUID(), keyed(key)), newTrigger(randomUUID(), keyed(key))];
    const results = await store.parts.trigger.trigger(ENVIRONMENT_ID, [newTrigger(randomUUID(), {}), a, b]);
    expect(runIdOf(results[1])).toBe(runIdOf(results[2]));
    expect(runIdOf(results[0])).not.toBe(runIdOf(results[1]));
    expect(results.map((result) => "isCached" in (result ?? {}) && (result as { isCached: boolean }).isCached)).toEqual(
      [false, false, true],
    );
  });

  it("under concurrent triggers", async () => {
    for (let round = 0; round < 10; round += 1) {
      const key = randomUUID();
      const results = (await Promise.all(Array.from({ length: 8 }, () => many(3, keyed(key))))).flat();
      expect(new Set(results.map(runIdOf)).size).toBe(1);
      const stored = await store.sql("SELECT FROM runs WHERE id = $1", [runIdOf(results[0])]);
      expect(stored).toHaveLength(1);
    }
  });

  it("also when the same request is repeated", async () => {
    const request = newTrigger(randomUUID(), keyed(randomUUID()));
    const send = async () => runIdOf((await store.parts.trigger.trigger(ENVIRONMENT_ID, [request]))[0]);
    const [first, ...others] = [await send(), await send(), ...(await Promise.all([send(), send()]))];
    expect(new Set(others)).toEqual(new Set([first]));
  });

  it("until its time is over", async () => {
    const key = randomUUID();
    const first = await trigger(keyed(key));
    await store.sql("UPDATE idempotency_keys SET expire_time = now() - interval '1 s' WHERE key = $1", [key]);
    const second = await trigger(keyed(key));
    expect(second).toMatchObject({ isCached: false });
    expect(runIdOf(second)).not.toBe(runIdOf(first));
    expect(await trigger(keyed(key))).toEqual({ runId: runIdOf(second), isCached: true });
  });

  it("and is removed once its time is over", async () => {
    const [over, held] = [randomUUID(), randomUUID()];
    await Promise.all([trigger(keyed(over)), trigger(keyed(held))]);
    await store.sql("UPDATE idempotency_keys SET expire_time = now() - interval '1 s' WHERE key = $1", [over]);
    expect(await deleteExpiredKeys(store.postgres, 1_000)).toBe(1);
    expect(await store.sql("SELECT key FROM idempotency_keys WHERE key = ANY ($1)", [[over, held]])).toEqual([
      { key: held },
    ]);
  });

  it("until it ends badly: COMPLETED and CANCELED runs keep their key, others free it", async () => {
    const endOf = async (end: (runId: string) => Promise<unknown>) => {
      const key = randomUUID();
      const runId = runIdOf(await trigger({ ...keyed(key), taskId: "once" }));
      await end(runId);
      return (await trigger({ ...keyed(key), taskId: "once" })) as { isCached: boolean };
    };
    expect(await endOf(async (runId) => store.finish(await store.claim(runId)))).toMatchObject({ isCached: true });
    expect(await endOf((runId) => store.cancel(runId))).toMatchObject({ isCached: true });
    for (const outcome of ["FAILED", "CRASHED", "LOST", "TIMED_OUT"] as const) {
      const result = await endOf(async (runId) => store.finish(await store.claim(runId), { ...failed(), outcome }));
      expect({ outcome, ...result }).toMatchObject({ outcome, isCached: false });
    }
  });

  it("is not taken by a trigger that is refused", async () => {
    const key = randomUUID();
    const [refused, alike] = await many(2, { ...keyed(key), parentRunId: "run_none" });
    for (const failure of [refused, alike]) expect(failure).toBeInstanceOf(CallFailure);
    expect(await trigger(keyed(key))).toMatchObject({ isCached: false });
  });
});

describe("a parent", () => {
  it("and its root are known to the run, as is the batch", async () => {
    const root = await store.trigger();
    const child = runIdOf(await trigger({ parentRunId: root }));
    const grandchild = runIdOf(await trigger({ parentRunId: child, ...given({ batchId: "batch_1" }) }));
    const lease = await store.claim(grandchild);
    expect(lease.run).toMatchObject({ parentRunId: child, rootRunId: root });
    const [row] = await store.sql("SELECT batch_id FROM run_contents WHERE run_id = $1", [grandchild]);
    expect(row).toEqual({ batch_id: "batch_1" });
  });

  it("that is unknown, or another environment's, is refused, and nothing is stored", async () => {
    const elsewhere = runIdOf(await trigger({}, OTHER_ENVIRONMENT_ID));
    const before = await store.sql("SELECT id FROM runs");
    for (const parentRunId of ["run_none", elsewhere])
      expect(await violation(trigger({ parentRunId }))).toBe("trigger.parent_run_id");
    expect(await store.sql("SELECT id FROM runs")).toHaveLength(before.length);
  });

  it("that is canceled takes its children, and theirs, with it, but for those that have ended", async () => {
    const root = await store.trigger();
    const lease = await store.claim(root);
    const [queued, executing, ended] = (await many(3, { parentRunId: root })).map(runIdOf);
    const grandchild = runIdOf(await trigger({ parentRunId: queued ?? "" }));
    const child = await store.claim(executing ?? "");
    await store.finish(await store.claim(ended ?? ""));
    const told = new Promise((resolve) =>
      store.feed.cancels.listen("sup_test", (cancel) => {
        if (cancel.ref?.runId === executing) resolve(cancel.ref?.leaseToken);
      }),
    );
    expect((await store.cancel(root)).status).toBe(RunStatus.CANCELING);
    expect(await told).toBe(child.ref?.leaseToken);
    const statuses = async (...ids: (string | undefined)[]) =>
      Promise.all(ids.map(async (id) => (await store.run(id ?? "")).status));
    expect(await statuses(queued, executing, ended, grandchild)).toEqual([
      "CANCELED",
      "CANCELING",
      "COMPLETED",
      "CANCELED",
    ]);
    await store.finish(child);
    await store.finish(lease);
  });

  it("that is canceled takes more children than go into one statement", async () => {
    const root = await store.trigger();
    const children = (await many(1_100, { parentRunId: root })).map(runIdOf);
    await store.cancel(root);
    const [row] = await store.sql("SELECT count(*)::int FROM runs WHERE status = 'CANCELED' AND id = ANY ($1)", [
      children,
    ]);
    expect(row).toEqual({ count: 1_100 });
  });

  it("that is being canceled, or is CANCELED, has only CANCELED children from then on", async () => {
    const root = await store.trigger();
    const lease = await store.claim(root);
    await store.cancel(root);
    const late = runIdOf(await trigger({ parentRunId: root }));
    expect(await store.run(late)).toMatchObject({ status: "CANCELED", attempt_number: 0 });
    await store.finish(lease);
    expect(await store.run(runIdOf(await trigger({ parentRunId: root })))).toMatchObject({ status: "CANCELED" });
  });

  it("that is canceled while it triggers leaves no child behind that goes on", async () => {
    for (let round = 0; round < 10; round += 1) {
      const root = await store.trigger();
      const lease = await store.claim(root);
      const [children] = await Promise.all([
        Promise.all(Array.from({ length: 5 }, () => many(4, { parentRunId: root }))),
        store.cancel(root),
      ]);
      const ids = children.flat().map(runIdOf);
      const [row] = await store.sql("SELECT count(*)::int FROM runs WHERE status <> 'CANCELED' AND id = ANY ($1)", [
        ids,
      ]);
      expect(row).toEqual({ count: 0 });
      await store.finish(lease);
    }
  });
});

describe("a start time", () => {
  const inAnHour = () => Date.now() * 1_000 + 3.6e9;
  const comeDue = async (runId: string) => {
    await store.sql("UPDATE runs SET due_time = now() WHERE id = $1", [runId]);
    return queueDueRuns(store.parts, [{ environmentId: ENVIRONMENT_ID, runId }]);
  };

  it("delays the run until then, and the scheduler is told", async () => {
    const due = store.feed.due.subscribe(10);
    const runId = runIdOf(await trigger(given({ startTimeUs: inAnHour() })));
    expect(await store.run(runId)).toMatchObject({ status: "DELAYED", queue: "task/hello" });
    for await (const [item] of due) {
      expect(Number(item?.dueInMs)).toBeGreaterThan(3_500_000);
      break;
    }
    expect(await queueDueRuns(store.parts, [{ environmentId: ENVIRONMENT_ID, runId }]), "not yet").toEqual([]);
    await comeDue(runId);
    expect(await store.statuses(runId)).toEqual(["DELAYED", "QUEUED"]);
  });

  it("that has passed delays nothing", async () => {
    const runId = runIdOf(await trigger(given({ startTimeUs: 1 })));
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED", due_time: null });
  });

  it("of a task that no version knows: it waits for the version afterwards", async () => {
    const taskId = randomUUID();
    const runId = runIdOf(await trigger({ taskId, ...given({ startTimeUs: inAnHour() }) }));
    expect(await store.run(runId)).toMatchObject({ status: "DELAYED", queue: null });
    await comeDue(runId);
    expect(await store.run(runId)).toMatchObject({ status: "PENDING_VERSION" });
    await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }, { id: taskId }]);
    await store.parts.promotePendingRuns(ENVIRONMENT_ID);
    expect(await store.statuses(runId)).toEqual(["DELAYED", "PENDING_VERSION", "QUEUED"]);
  });
});

describe("what is asked for", () => {
  it("goes before what the task says: machine and time limit; the rest of the options and the metadata are in the lease", async () => {
    await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }]);
    await store.sql(
      "UPDATE deployment_tasks SET machine = 'medium-1x', max_duration_s = 60, needs_fresh_process = true",
    );
    const ofTask = { machine: "medium-1x", maxDurationSeconds: 60, needsFreshProcess: true };
    expect(await store.claim(await store.trigger())).toMatchObject(ofTask);
    const encoded = toBinary(RunOptionsSchema, create(RunOptionsSchema, { maxDurationSeconds: 9, priority: 3 }));
    const options = given({ encoded, machine: "large-1x", metadata: Buffer.from('{"a":1}') });
    const lease = await store.claim(runIdOf(await trigger(options)));
    expect(lease).toMatchObject({ machine: "large-1x", maxDurationSeconds: 9 });
    expect(lease.run).toMatchObject({ machine: "large-1x", options: { priority: 3 } });
    expect(Buffer.from(lease.run?.metadata?.data ?? []).toString()).toBe('{"a":1}');
  });

  it("a version pins the run, also when its lease is given back unstarted", async () => {
    const old = await store.deploy([{ id: "hello" }, { id: "gone" }]);
    const [version] = await store.sql<{ version: string }>("SELECT version FROM deployments WHERE id = $1", [old]);
    await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }]);
    const pinned = given({ version: version?.version ?? "" });
    const runId = runIdOf(await trigger({ ...pinned, taskId: "gone" }));
    const lease = await store.claim(runId);
    expect(lease.deploymentId).toBe(old);
    await store.release(lease);
    expect((await store.claim(runId)).deploymentId).toBe(old);
    expect(await violation(trigger({ ...pinned, taskId: "once" }))).toBe("trigger.options.version");
    expect(await violation(trigger(given({ version: "none" })))).toBe("trigger.options.version");
  });
});

import type { Postgres } from "@windlass/chassis";
import { ErrorReason, type QueuedRun } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { createRunIds } from "../run-id.ts";
import type { NewRun } from "../store/new-run.ts";
import { ENVIRONMENT_ID, newTrigger, OTHER_ENVIRONMENT_ID, runIdOf } from "../testing/hot-store.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import { insertRuns } from "../store/insert-runs.ts";
import { createRunTrigger } from "./trigger-runs.ts";

const store = await shareHotStore();

describe("a trigger", () => {
  it("of a deployed task is QUEUED, with the task's own queue and attempts", async () => {
    const run = await store.run(await store.trigger());
    expect(run).toMatchObject({
      status: "QUEUED",
      revision: 1n,
      queue: "task/hello",
      max_attempts: 3,
      attempt_number: 0,
      deployment_id: null,
      event_seq: 1n,
    });
    expect(await store.statuses(run.id)).toEqual(["QUEUED"]);
  });

  it("overrides queue and attempts", async () => {
    const run = await store.run(await store.trigger({ queue: "mail/slow", maxAttempts: 7 }));
    expect(run).toMatchObject({ queue: "mail/slow", max_attempts: 7 });
  });

  it("of an unknown task is PENDING_VERSION, and remembers what was overridden", async () => {
    expect(await store.run(await store.trigger({ taskId: "unknown" }))).toMatchObject({
      status: "PENDING_VERSION",
      queue: null,
      max_attempts: null,
    });
    expect(await store.run(await store.trigger({ taskId: "unknown", queue: "q", maxAttempts: 2 }))).toMatchObject({
      status: "PENDING_VERSION",
      queue: "q",
      max_attempts: 2,
    });
    // Another environment has no version at all.
    expect(await store.run(await store.trigger({}, OTHER_ENVIRONMENT_ID))).toMatchObject({ status: "PENDING_VERSION" });
  });

  it("keeps payloads to the byte, also large, empty and none", async () => {
    const large = Buffer.from(JSON.stringify("é".repeat(1_500_000)));
    const ids = [
      await store.trigger({ payload: { data: large, contentType: "application/json" } }),
      await store.trigger({ payload: { data: Buffer.from("0"), contentType: "application/super+json" } }),
      await store.trigger({ payload: { data: new Uint8Array(0), contentType: "" } }),
    ];
    const rows = await store.sql<{ payload: Buffer; payload_type: string }>(
      "SELECT payload, payload_type FROM run_contents WHERE run_id = ANY ($1) ORDER BY run_id",
      [ids],
    );
    expect(rows[0]?.payload.equals(large)).toBe(true);
    expect(rows.slice(1)).toEqual([
      { payload: Buffer.from("0"), payload_type: "application/super+json" },
      { payload: Buffer.alloc(0), payload_type: "" },
    ]);
  });

  it("tells the feed after the commit, in the order of the triggers", async () => {
    const subscription = store.feed.queued.subscribe(10_000);
    const ids = await store.triggerMany(50);
    const told: QueuedRun[] = [];
    for await (const runs of subscription) {
      told.push(...runs);
      if (told.length === 50) break;
    }
    expect(told.map((run) => run.runId)).toEqual(ids);
    expect(ids).toEqual(ids.toSorted());
    const [row] = await store.sql<{ us: string }>(
      "SELECT (extract(epoch FROM queue_time) * 1000000)::int8::text AS us FROM runs WHERE id = $1",
      [ids[0]],
    );
    expect(told[0]).toMatchObject({
      environmentId: ENVIRONMENT_ID,
      taskId: "hello",
      queue: "task/hello",
      queueTimeUs: BigInt(row?.us ?? 0),
    });
  });
});

describe("a repeated request id", () => {
  it("gives the same run, in one message, one after the other, and in another environment its own (I7)", async () => {
    const trigger = newTrigger("again", {});
    const results = await store.parts.trigger.trigger(ENVIRONMENT_ID, [trigger, trigger]);
    const [runId] = results.map(runIdOf);
    expect(results).toEqual([
      { runId, isCached: false },
      { runId, isCached: true },
    ]);
    expect(await store.parts.trigger.trigger(ENVIRONMENT_ID, [trigger])).toEqual([{ runId, isCached: true }]);
    const [other] = await store.parts.trigger.trigger(OTHER_ENVIRONMENT_ID, [trigger]);
    expect(other).toMatchObject({ isCached: false });
  });

  it("gives one run to many at once, in batches of opposite order", async () => {
    const triggers = Array.from({ length: 200 }, (_, index) => newTrigger(`rush-${index}`, {}));
    const calls = Array.from({ length: 10 }, (_, index) =>
      store.parts.trigger.trigger(ENVIRONMENT_ID, index % 2 === 0 ? triggers : triggers.toReversed()),
    );
    const results = await Promise.all(calls);
    const byRequest = results.map((result, index) => (index % 2 === 0 ? result : result.toReversed()).map(runIdOf));
    for (const ids of byRequest) expect(ids).toEqual(byRequest[0]);
    const isNew = results.flat().filter((result) => !(result instanceof CallFailure) && !result.isCached);
    expect(isNew).toHaveLength(200);
  });

  it("gives one run to two processes whose statements meet in the database", async () => {
    const item = (requestId: string, runId: string): NewRun => ({
      environmentId: ENVIRONMENT_ID,
      runId,
      requestId,
      taskId: "hello",
      payload: Buffer.from("1"),
      payloadType: "application/json",
      queue: null,
      maxAttempts: null,
      tags: [],
      isTest: false,
      traceparent: "",
    });
    const first = store.postgres.transaction(async (tx) => {
      const rows = await insertRuns(tx, [item("meeting", "run_first")], false);
      // The second one is now waiting for this commit.
      second = store.parts.trigger.trigger(ENVIRONMENT_ID, [newTrigger("meeting", {})]);
      await store.lockWait();
      return rows;
    });
    let second: ReturnType<typeof store.parts.trigger.trigger> | undefined;
    expect(await first).toHaveLength(1);
    expect(await second).toEqual([{ runId: "run_first", isCached: true }]);
  });
});

describe("text that makes databases stumble", () => {
  const STRANGE = [
    "__proto__",
    "constructor",
    'a"b\\c',
    "{a,b}",
    "NULL",
    "null",
    "'; DROP TABLE runs; --",
    "\\x41",
    "💥 é",
    "%s$1",
  ];

  it.each(STRANGE)("is stored as it is: %j", async (text) => {
    const runId = await store.trigger({
      taskId: text,
      tags: [text, `${text},${text}`],
      queue: text,
      traceparent: text,
    });
    const [row] = await store.sql("SELECT task_id, tags, queue, traceparent FROM runs WHERE id = $1", [runId]);
    expect(row).toEqual({ task_id: text, tags: [text, `${text},${text}`], queue: text, traceparent: text });
  });

  it.each(["taskId", "requestId", "queue", "tags", "traceparent"] as const)(
    "that PostgreSQL refuses fails alone: NUL in %s",
    async (field) => {
      const bad = field === "tags" ? { tags: ["a\0b"] } : { [field]: "a\0b" };
      const triggers = Array.from({ length: 9 }, (_, index) => newTrigger(`nul-${field}-${index}`, {}));
      triggers.splice(4, 0, newTrigger(`nul-${field}`, bad));
      const results = await store.parts.trigger.trigger(ENVIRONMENT_ID, triggers);
      const failures = results.filter((result) => result instanceof CallFailure);
      expect(failures).toHaveLength(1);
      expect(results[4]).toMatchObject({ reason: ErrorReason.FIELD_INVALID });
      const [row] = await store.sql("SELECT count(*)::int FROM run_contents WHERE request_id LIKE $1", [
        `nul-${field}-_`,
      ]);
      expect(row).toEqual({ count: 9 });
    },
  );
});

describe("a trigger and a deployment at the same moment", () => {
  it("leave no run waiting when the promotion could not see the run yet: the trigger looks again after its commit", async () => {
    const taskId = "deployed-meanwhile";
    // Holds back the trigger's commit until the version is deployed and its promotion has found nothing.
    const slow: Postgres = {
      ...store.postgres,
      query: (statement, values) =>
        store.postgres.transaction(async (tx) => {
          const rows = await tx.query(statement, values);
          await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }, { id: taskId }]);
          await store.parts.promotePendingRuns(ENVIRONMENT_ID);
          return rows as never;
        }),
    };
    const promotions: Promise<void>[] = [];
    const trigger = createRunTrigger({
      ...store.parts,
      postgres: slow,
      store: (runs) => insertRuns(slow, runs, false),
      clock: store.clock,
      runIds: createRunIds(() => Date.now()),
      promote: (environmentId) => {
        const promotion = store.parts.promotePendingRuns(environmentId);
        promotions.push(promotion);
        return promotion;
      },
    });
    const [result] = await trigger.trigger(ENVIRONMENT_ID, [newTrigger("deployed-meanwhile", { taskId })]);
    await Promise.all(promotions);
    expect(await store.run(runIdOf(result))).toMatchObject({
      status: "QUEUED",
      queue: `task/${taskId}`,
      max_attempts: 3,
    });
  });

  it("leave no run waiting: whoever commits last looks again", async () => {
    for (let round = 0; round < 20; round += 1) {
      const taskId = `race-${round}`;
      const triggers = Array.from({ length: 5 }, (_, index) => newTrigger(`${taskId}-${index}`, { taskId }));
      const deployed = store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }, { id: taskId }]);
      const [results] = await Promise.all([
        Promise.all(triggers.map((trigger) => store.parts.trigger.trigger(ENVIRONMENT_ID, [trigger]))),
        deployed.then(() => store.parts.promotePendingRuns(ENVIRONMENT_ID)),
      ]);
      // Those that the triggers began come before this one.
      await store.parts.promotePendingRuns(ENVIRONMENT_ID);
      for (const [result] of results) expect(await store.run(runIdOf(result))).toMatchObject({ status: "QUEUED" });
    }
  });
});

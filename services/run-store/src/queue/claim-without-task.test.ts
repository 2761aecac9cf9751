import { type Claim, ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { queueDueRuns } from "../store/queue-due-runs.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { failed, SUPERVISOR_ID } from "../testing/reports.ts";

let store: HotStore;

beforeAll(async () => {
  store = await startHotStore();
});
beforeEach(async () => {
  await store.deploy([{ id: "hello" }, { id: "doomed" }]);
});
afterEach(async () => expect(await store.violations()).toEqual([]));
afterAll(() => store.stop());

const claimOf = (runId: string): Claim => ({
  $typeName: "windlass.internal.v1.Claim",
  environmentId: ENVIRONMENT_ID,
  runId,
  supervisorId: SUPERVISOR_ID,
  traceparent: "",
});

describe("a queued run whose task the version that became current lacks", () => {
  it("waits for a version that has it, has lost no attempt, and holds no slot; others of the same message are leased", async () => {
    const freed: string[] = [];
    const stopListening = store.feed.freed.listen((slots) => freed.push(...slots.map(({ runId }) => runId)));
    const waits = await store.trigger({ taskId: "doomed" });
    const goes = await store.trigger();
    await store.deploy([{ id: "hello" }]);
    const answer = await store.parts.claimer.claim({
      shard: store.shard,
      epoch: store.epoch,
      claims: [claimOf(waits), claimOf(goes)],
    });
    if (answer instanceof CallFailure) throw answer;
    expect(answer).toMatchObject([{ reason: ErrorReason.RUN_NOT_QUEUED }, { attemptNumber: 1, run: { id: goes } }]);
    expect(await store.run(waits)).toMatchObject({
      status: "PENDING_VERSION",
      attempt_number: 0,
      deployment_id: null,
      lease_token: null,
      start_time: null,
    });
    expect(freed).toEqual([waits]);
    stopListening();

    const deploymentId = await store.deploy([{ id: "hello" }, { id: "doomed" }]);
    await store.parts.promotePendingRuns(ENVIRONMENT_ID);
    expect(await store.claim(waits)).toMatchObject({ attemptNumber: 1, deploymentId, run: { taskId: "doomed" } });
    expect(await store.statuses(waits)).toEqual(["QUEUED", "EXECUTING", "PENDING_VERSION", "QUEUED", "EXECUTING"]);
  });

  it("goes on when it has begun: its version has the task", async () => {
    const runId = await store.trigger({ taskId: "doomed" });
    const first = await store.claim(runId);
    await store.finish(first, { ...failed(), decision: { kind: "after", delayMs: 0 } });
    await store.deploy([{ id: "hello" }]);
    await queueDueRuns(store.postgres, [{ environmentId: ENVIRONMENT_ID, runId }], false);
    expect(await store.claim(runId)).toMatchObject({ attemptNumber: 2, deploymentId: first.deploymentId });
  });
});

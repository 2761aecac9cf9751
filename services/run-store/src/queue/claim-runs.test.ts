import { randomUUID } from "node:crypto";
import { type Claim, ErrorReason, type HookResult, type Lease, RunErrorCode } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { claimRuns } from "../store/claim-runs.ts";
import { deleteSupervisor } from "../store/delete-supervisors.ts";
import { queueDueRuns } from "../store/queue-due-runs.ts";
import { expireSupervisors } from "../supervisors/remove-supervisors.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { failed, hookResult, runError, SUPERVISOR_ID } from "../testing/reports.ts";

let store: HotStore;
let epoch: bigint;
beforeAll(async () => {
  store = await startHotStore();
  ({ epoch } = store);
});
afterEach(async () => expect(await store.violations()).toEqual([]));
afterAll(() => store.stop());

function claimOf(runId: string, supervisorId = SUPERVISOR_ID): Claim {
  return {
    $typeName: "windlass.internal.v1.Claim",
    environmentId: ENVIRONMENT_ID,
    runId,
    supervisorId,
    traceparent: "",
  };
}

async function claimAll(claims: readonly Claim[], claimEpoch = epoch): Promise<(Lease | CallFailure)[]> {
  const claimed = await store.parts.claimer.claim({ shard: store.shard, epoch: claimEpoch, claims });
  if (claimed instanceof CallFailure) throw claimed;
  return claimed;
}

describe("a claim", () => {
  it("leases the run with everything its execution needs", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const runId = await store.trigger({ tags: ["a", "b"], isTest: true, traceparent });
    const lease = await store.claim(runId);
    const run = await store.run(runId);
    expect(run).toMatchObject({
      status: "EXECUTING",
      attempt_number: 1,
      supervisor_id: SUPERVISOR_ID,
      lease_token: lease.ref?.leaseToken,
      deployment_id: lease.deploymentId,
    });
    expect(lease).toMatchObject({
      ref: { environmentId: ENVIRONMENT_ID, runId },
      attemptNumber: 1,
      bundleHash: "0".repeat(64),
      traceparent,
      environment: { id: ENVIRONMENT_ID, slug: "env-test", project: "proj" },
      run: {
        id: runId,
        taskId: "hello",
        version: "v1",
        maxAttempts: 3,
        tags: ["a", "b"],
        isTest: true,
        payload: { contentType: "application/json", data: Buffer.from('{"message":"Hello world!"}') },
      },
    });
    expect(lease.claimTime).toEqual(lease.run?.startTime);
    expect(await store.statuses(runId)).toEqual(["QUEUED", "EXECUTING"]);
  });

  it("refuses alone what is not queued or not there, and keeps the order of the answers", async () => {
    const [first = "", second = "", third = ""] = await store.triggerMany(3);
    await store.claim(second);
    const claimed = await claimAll([
      claimOf(third),
      claimOf(second),
      claimOf("run_unknown"),
      claimOf(first),
      claimOf(first),
    ]);
    expect(claimed.map((result) => (result instanceof CallFailure ? result.reason : result.ref?.runId))).toEqual([
      third,
      ErrorReason.RUN_NOT_QUEUED,
      ErrorReason.RUN_NOT_QUEUED,
      first,
      ErrorReason.RUN_NOT_QUEUED,
    ]);
  });

  it("for a supervisor that does not live leaves the run queued", async () => {
    const runId = await store.trigger();
    await store.register("sup_dead");
    await store.sql("UPDATE supervisors SET expire_time = now() WHERE id = 'sup_dead'");
    await expect(store.claim(runId, "sup_dead")).rejects.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
    await expect(store.claim(runId, "sup_nobody")).rejects.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED", attempt_number: 0 });
  });

  it("pins the version that executes the first attempt; a lease given back unpins it", async () => {
    const [stays = "", moves = ""] = await store.triggerMany(2);
    const before = await store.claim(stays);
    await store.release(await store.claim(moves));
    await store.finish(before, { ...failed(), decision: { kind: "after", delayMs: 0 } });
    const deploymentId = await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }]);
    await store.sql("UPDATE runs SET status = 'QUEUED', due_time = NULL, event_seq = event_seq + 1 WHERE id = $1", [
      stays,
    ]);
    await store.sql(
      "INSERT INTO run_events SELECT environment_id, id, event_seq, 1, 'QUEUED', 1, now() FROM runs WHERE id = $1",
      [stays],
    );
    expect(await store.claim(stays)).toMatchObject({ attemptNumber: 2, deploymentId: before.deploymentId });
    expect(await store.claim(moves)).toMatchObject({ attemptNumber: 1, deploymentId, run: { version: "v2" } });
  });

  it("carries no more payload than a message can: the rest is queued again in its place, and told to be claimed again", async () => {
    const data = Buffer.from(JSON.stringify("x".repeat(3_000_000)));
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1)
      ids.push(await store.trigger({ payload: { data, contentType: "application/json" } }));
    const before = await store.run(ids[4] ?? "");
    const claimed = await claimAll(ids.map((runId) => claimOf(runId)));
    const leases = claimed.filter((result) => !(result instanceof CallFailure));
    expect(leases).toHaveLength(3);
    expect(claimed.slice(3)).toMatchObject([{ reason: ErrorReason.OVERLOADED }, { reason: ErrorReason.OVERLOADED }]);
    expect(await store.run(ids[4] ?? "")).toMatchObject({
      status: "QUEUED",
      attempt_number: 0,
      queue_time: before.queue_time,
    });
    expect(await claimAll(ids.slice(3).map((runId) => claimOf(runId)))).toMatchObject([
      { attemptNumber: 1 },
      { attemptNumber: 1 },
    ]);
  });
});

describe("a claim of a later attempt", () => {
  /** Ends the attempt of a lease as failed, and claims the run again. */
  const claimAgain = async (lease: Lease, hooks: readonly HookResult[]): Promise<Lease> => {
    const runId = lease.run?.id ?? "";
    await store.finish(lease, { ...failed(), decision: { kind: "after", delayMs: 0 }, hooks });
    await queueDueRuns(store.postgres, [{ environmentId: ENVIRONMENT_ID, runId }], false);
    return store.claim(runId);
  };

  it("says that onComplete was called when an attempt before it did, however long ago", async () => {
    const first = await store.claim(await store.trigger());
    expect(first.isCompletionTold).toBe(false);
    const second = await claimAgain(first, [hookResult("onComplete"), hookResult("cleanup")]);
    expect(second).toMatchObject({ attemptNumber: 2, isCompletionTold: true });
    expect(await claimAgain(second, [])).toMatchObject({ attemptNumber: 3, isCompletionTold: true });
  });

  it("says so neither of another hook whose error names it, nor of other runs of the same message", async () => {
    const [told, untold] = [await store.claim(await store.trigger()), await store.claim(await store.trigger())];
    const error = runError(RunErrorCode.TASK_ERROR, "onComplete is to blame");
    for (const [lease, hooks] of [
      [told, [hookResult("onComplete")]],
      [untold, [{ ...hookResult("cleanup"), error }]],
    ] as const) {
      await store.finish(lease, { ...failed(), decision: { kind: "after", delayMs: 0 }, hooks });
      await queueDueRuns(store.postgres, [{ environmentId: ENVIRONMENT_ID, runId: lease.run?.id ?? "" }], false);
    }
    const claims = [untold, told].map((lease) => claimOf(lease.run?.id ?? ""));
    expect(await claimAll(claims)).toMatchObject([
      { attemptNumber: 2, isCompletionTold: false },
      { attemptNumber: 2, isCompletionTold: true },
    ]);
  });
});

describe("the epoch (I4)", () => {
  it("an old one refuses the whole message, in a batch with a current one too", async () => {
    const [first = "", second = ""] = await store.triggerMany(2);
    const oldEpoch = epoch;
    epoch = await store.takeShard("next");
    const [refused, claimed] = await Promise.all([
      store.parts.claimer.claim({ shard: store.shard, epoch: oldEpoch, claims: [claimOf(first)] }),
      store.parts.claimer.claim({ shard: store.shard, epoch, claims: [claimOf(second)] }),
    ]);
    expect(refused).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
    expect(claimed).toMatchObject([{ attemptNumber: 1 }]);
    expect(await store.run(first)).toMatchObject({ status: "QUEUED" });
  });

  it("two owners that claim the same runs at once give each run one lease, none of the old epoch after the new one began", async () => {
    for (let round = 0; round < 15; round += 1) {
      const ids = await store.triggerMany(40);
      const oldEpoch = epoch;
      const old = Promise.all([
        store.parts.claimer.claim({ shard: store.shard, epoch: oldEpoch, claims: ids.map((runId) => claimOf(runId)) }),
        store.parts.claimer.claim({
          shard: store.shard,
          epoch: oldEpoch,
          claims: ids.toReversed().map((runId) => claimOf(runId)),
        }),
      ]);
      epoch = await store.takeShard("next");
      // No claim of the old epoch commits from here on: what is leased now is all it will ever have.
      const [{ leased } = { leased: 0 }] = await store.sql<{ leased: number }>(
        "SELECT count(*)::int AS leased FROM runs WHERE id = ANY ($1) AND status = 'EXECUTING'",
        [ids],
      );
      const late = await claimAll(ids.map((runId) => claimOf(runId)));
      const early = (await old).flatMap((claimed) => (claimed instanceof CallFailure ? [] : claimed));
      const tokens = [...early, ...late].flatMap((result) =>
        result instanceof CallFailure ? [] : [result.ref?.leaseToken],
      );
      expect(early.filter((result) => !(result instanceof CallFailure))).toHaveLength(leased);
      expect(tokens).toHaveLength(ids.length);
      expect(new Set(tokens).size).toBe(ids.length);
    }
  });
});

describe("a supervisor that expires while it is claimed for", () => {
  it("keeps no run: its removal waits for the claim, and takes what it got (I1)", async () => {
    const runId = await store.trigger();
    await store.register("sup_race");
    let removal: Promise<string[]> | undefined;
    await store.postgres.transaction(async (tx) => {
      const leaseToken = randomUUID();
      const item = {
        environmentId: ENVIRONMENT_ID,
        runId,
        supervisorId: "sup_race",
        leaseToken,
        shard: store.shard,
        epoch,
      };
      expect((await claimRuns(tx, [item], false)).claimed).toHaveLength(1);
      await store.sql("UPDATE supervisors SET expire_time = now() - interval '1 s' WHERE id = 'sup_race'");
      removal = expireSupervisors(store.parts, ["sup_race"]);
      await store.lockWait();
    });
    expect(await removal).toEqual(["sup_race"]);
    expect(await store.run(runId)).toMatchObject({ status: "RETRYING", supervisor_id: null });
  });

  it("gets none that is claimed after it: the claim waits for the removal", async () => {
    const runId = await store.trigger();
    await store.register("sup_gone");
    let claimed: Promise<unknown> | undefined;
    await store.postgres.transaction(async (tx) => {
      await deleteSupervisor(tx, "sup_gone");
      claimed = store.claim(runId, "sup_gone", epoch).catch((error: unknown) => error);
      await store.lockWait();
    });
    expect(await claimed).toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
    expect(await store.run(runId)).toMatchObject({ status: "QUEUED" });
  });
});

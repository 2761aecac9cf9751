// The state machine and its leases as a model (testing/run-model.ts), compared with the real statements on PostgreSQL: random commands, several owners, stale tokens, repeats.
import { randomUUID } from "node:crypto";
import { ErrorReason, type Lease } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkTerminalUnchanged, snapshotTerminal } from "../../../test/kit/invariants.ts";
import { applyDue } from "./due/apply-due.ts";
import { type AttemptOutcomeName, isTerminal, nextState, statusOf } from "./run-state.ts";
import { LEASE_START, listLeasedRuns } from "./store/list-leased-runs.ts";
import { expireSupervisors } from "./supervisors/remove-supervisors.ts";
import { renewSupervisor } from "./supervisors/renew-supervisor.ts";
import { createRunEndReader } from "./runs/run-end-reader.ts";
import { createTokenAnnouncer } from "./tokens/announce-tokens.ts";
import { NO_TOKEN_HINTS } from "./tokens/token-hints.ts";
import { claimNext } from "./testing/claim-next.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "./testing/hot-store.ts";
import { heartbeatOf, leaseKey, logEvent } from "./testing/reports.ts";
import {
  afterFailure,
  endLease,
  forgetWait,
  giveBack,
  type Model,
  type ModelRun,
  move,
  pick,
} from "./testing/run-model.ts";

let store: HotStore;
/** What the queue was told and has not heeded yet. */
const freed: string[] = [];
beforeAll(async () => {
  store = await startHotStore();
  store.feed.freed.listen((slots) => freed.push(...slots.map((slot) => slot.leaseToken)));
});
afterAll(() => store.stop());

const SUPERVISORS = ["sup_a", "sup_b"];

/** Names of this model run: the database is shared by all of them. */
interface Real {
  readonly prefix: string;
}

type Command = fc.AsyncCommand<Model, Real>;

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const trigger = (request: number, isKnown: boolean): Command =>
  command(`trigger ${request}`, async (model, { prefix }) => {
    const requestId = `${prefix}-${request}`;
    const id = await store.trigger({ requestId, taskId: isKnown ? "hello" : `${prefix}-later` });
    const known = model.requests.get(requestId);
    if (known !== undefined) {
      expect(id).toBe(known);
      return;
    }
    model.requests.set(requestId, id);
    const state = isKnown || model.isDeployed ? "QUEUED" : "PENDING_VERSION";
    model.runs.push({ id, state, attempt: 0, lease: undefined, wait: undefined, stale: [] });
  });

const triggerAskedFor = (request: number, supervisorId: string, isOldEpoch: boolean): Command =>
  command(
    `trigger ${request}, asked for ${supervisorId}${isOldEpoch ? " under the old epoch" : ""}`,
    async (model, { prefix }) => {
      const stream = new AbortController();
      const asking = claimNext(store, stream.signal, { supervisorId }, isOldEpoch ? model.oldEpoch : model.epoch);
      const requestId = `${prefix}-${request}`;
      const id = await store.trigger({ requestId });
      store.parts.nextClaims.answer(stream.signal, store.shard);
      const answer = await asking;
      if (model.requests.has(requestId)) {
        expect(id).toBe(model.requests.get(requestId));
        expect(answer).toEqual([]);
        return;
      }
      model.requests.set(requestId, id);
      const run: ModelRun = { id, state: "QUEUED", attempt: 0, lease: undefined, wait: undefined, stale: [] };
      model.runs.push(run);
      if (isOldEpoch) expect(answer).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
      else if (!model.alive.has(supervisorId)) expect(answer).toEqual([]);
      else {
        const [lease] = answer as [Lease];
        expect(lease).toMatchObject({ ref: { runId: id }, attemptNumber: 1, resumeWaitId: "" });
        run.attempt = 1;
        move(run, "claim");
        run.lease = { lease, supervisorId };
        model.slots.add(lease.ref?.leaseToken ?? "");
      }
    },
  );

const claim = (index: number, supervisorId: string, isOldEpoch: boolean): Command =>
  command(`claim ${index} for ${supervisorId}${isOldEpoch ? " under the old epoch" : ""}`, async (model) => {
    const run = pick(model, index);
    if (run === undefined) return;
    const claimed = await store
      .claim(run.id, supervisorId, isOldEpoch ? model.oldEpoch : model.epoch)
      .catch((error: unknown) => error);
    if (isOldEpoch) expect(claimed).toMatchObject({ reason: ErrorReason.EPOCH_STALE });
    else if (!model.alive.has(supervisorId)) expect(claimed).toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
    else if (run.state !== "QUEUED" && (run.state !== "RESUMABLE" || run.lease?.supervisorId !== supervisorId))
      expect(claimed).toMatchObject({ reason: ErrorReason.RUN_NOT_QUEUED });
    else {
      const lease = claimed as Lease;
      if (run.state === "QUEUED") run.attempt += 1;
      move(run, "claim");
      expect(lease.attemptNumber).toBe(run.attempt);
      expect(lease.resumeWaitId).toBe(run.wait?.id ?? "");
      expect(lease.run?.payload === undefined).toBe(run.wait !== undefined);
      run.lease = { lease, supervisorId };
      model.slots.add(lease.ref?.leaseToken ?? "");
    }
  });

const ENDS = {
  SUCCEEDED: "complete",
  FAILED: "fail",
  CRASHED: "crash",
  LOST: "fail system",
  CANCELED: "end canceled",
  CANCEL_FORCED: "end canceled",
  TIMED_OUT: "time out",
} as const;

const suspend = (index: number, times: number): Command =>
  command(`suspend ${index}, said ${times} times`, async (model) => {
    const run = pick(model, index);
    if (run?.lease === undefined || run.state === "WAITING" || run.state === "RESUMABLE") return;
    const { lease } = run;
    const waitId = randomUUID();
    for (let said = 0; said < times; said += 1) expect(await store.suspend(lease.lease, waitId)).toEqual([]);
    if (run.state !== "EXECUTING") return;
    move(run, "suspend");
    forgetWait(run);
    run.wait = { id: waitId, lease };
  });

const resume = (index: number, times: number): Command =>
  command(`resume ${index}, said ${times} times`, async (model) => {
    const run = pick(model, index);
    if (run?.wait === undefined) return;
    // The same wait under the lease of its suspension: whatever has happened since, this is a late duplicate and OK (I2), and changes something once (I6).
    for (let said = 0; said < times; said += 1)
      expect(await store.resume(run.wait.lease.lease, run.wait.id)).toEqual([]);
    if (run.state === "WAITING") move(run, "resume");
  });

const repeatSuspend = (index: number): Command =>
  command(`suspend ${index} again`, async (model) => {
    const run = pick(model, index);
    if (run?.wait !== undefined) expect(await store.suspend(run.wait.lease.lease, run.wait.id)).toEqual([]);
  });

const finish = (index: number, outcome: AttemptOutcomeName): Command =>
  command(`finish ${index} as ${outcome}`, async (model) => {
    const run = pick(model, index);
    if (run?.lease === undefined) return;
    const { lease, supervisorId } = run.lease;
    const output = outcome === "SUCCEEDED" ? {} : { output: undefined };
    const end = {
      ...output,
      outcome,
      lease: leaseKey(lease, supervisorId),
      decision: { kind: "after", delayMs: 0 },
    } as const;
    expect(await store.finish(lease, end)).toEqual([]);
    const transition = ENDS[outcome];
    if (outcome === "FAILED" || outcome === "CRASHED" || outcome === "LOST") afterFailure(run, transition);
    else move(run, transition);
    endLease(run, outcome);
  });

const repeatFinish = (index: number, outcome: AttemptOutcomeName): Command =>
  command(`finish ${index} again as ${outcome}`, async (model) => {
    const run = pick(model, index);
    for (const stale of run?.stale ?? []) {
      const key = leaseKey(stale.lease, stale.supervisorId);
      const lost = await store.finish(stale.lease, { outcome, output: undefined, lease: key });
      expect(lost).toEqual(stale.outcome === outcome ? [] : [key]);
    }
  });

const reportStale = (index: number): Command =>
  command(`progress and release of old leases of ${index}`, async (model) => {
    const run = pick(model, index);
    for (const { lease } of run?.stale ?? []) {
      expect(await store.progress(lease, [logEvent("late")])).toEqual([leaseKey(lease)]);
      expect(await store.release(lease)).toEqual([leaseKey(lease)]);
    }
  });

const progress = (index: number): Command =>
  command(`progress of ${index}`, async (model) => {
    const lease = pick(model, index)?.lease;
    if (lease !== undefined) expect(await store.progress(lease.lease, [logEvent("on the way")])).toEqual([]);
  });

const release = (index: number): Command =>
  command(`release ${index}`, async (model) => {
    const run = pick(model, index);
    if (run?.lease === undefined) return;
    expect(await store.release(run.lease.lease)).toEqual([]);
    if (run.state === "EXECUTING" || run.state === "CANCELING") giveBack(run);
  });

const cancel = (index: number): Command =>
  command(`cancel ${index}`, async (model) => {
    const run = pick(model, index);
    if (run === undefined) return;
    await store.cancel(run.id);
    if (nextState(run.state, "cancel") !== undefined) move(run, "cancel");
  });

const comeDue = (index: number): Command =>
  command(`${index} comes due`, async (model) => {
    const run = pick(model, index);
    if (run === undefined) return;
    const runs = [{ environmentId: ENVIRONMENT_ID, runId: run.id }];
    const work = { runs, supervisorIds: [], tokens: [], schedules: [], expiries: [] };
    const { applied } = await applyDue(
      {
        ...store.parts,
        announceTokens: createTokenAnnouncer(store.feed, NO_TOKEN_HINTS),
        reader: createRunEndReader(store.postgres),
      },
      work,
    );
    const isDue = run.state === "RETRYING";
    expect(applied).toBe(isDue ? 1 : 0);
    if (isDue) move(run, "come due");
  });

const expire = (supervisorId: string): Command =>
  command(`${supervisorId} expires`, async (model) => {
    await store.sql("UPDATE supervisors SET expire_time = now() - interval '1 ms' WHERE id = $1", [supervisorId]);
    const expired = await expireSupervisors(store.parts, [supervisorId]);
    expect(expired).toEqual(model.alive.has(supervisorId) ? [supervisorId] : []);
    model.alive.delete(supervisorId);
    for (const run of model.runs) {
      if (run.lease?.supervisorId === supervisorId) await lose(run);
    }
  });

async function lose(run: ModelRun): Promise<void> {
  const wasCanceling = run.state === "CANCELING";
  afterFailure(run, "fail system");
  endLease(run, wasCanceling ? "CANCEL_FORCED" : "LOST");
  // The policy's delay is a second; the model has no clock.
  await store.sql("UPDATE runs SET due_time = now() WHERE id = $1 AND due_time IS NOT NULL", [run.id]);
}

const register = (supervisorId: string): Command =>
  command(`${supervisorId} registers`, async (model) => {
    await store.register(supervisorId);
    model.alive.add(supervisorId);
  });

const heartbeat = (supervisorId: string, keeps: boolean): Command =>
  command(`${supervisorId} renews, holding ${keeps ? "all" : "nothing"}`, async (model) => {
    const held = model.runs.filter((run) => run.lease?.supervisorId === supervisorId);
    await store.sql("UPDATE runs SET claim_time = now() - interval '11 s' WHERE supervisor_id = $1", [supervisorId]);
    const tokens = keeps ? held.map((run) => run.lease?.lease.ref?.leaseToken ?? "") : [];
    const renewal = await renewSupervisor(
      { db: store.postgres, reporter: store.parts.reporter },
      supervisorId,
      heartbeatOf(tokens),
    ).catch((error: unknown) => error as CallFailure);
    if (renewal instanceof CallFailure) {
      expect(model.alive.has(supervisorId)).toBe(false);
      return;
    }
    expect(renewal.revoked).toHaveLength(keeps ? 0 : held.length);
    if (keeps) {
      const canceling = held.filter((run) => run.state === "CANCELING");
      expect(renewal.cancels).toHaveLength(canceling.length);
      return;
    }
    for (const run of held) {
      // A process that is suspended and that its supervisor does not know is gone.
      if (run.wait !== undefined && run.wait.lease === run.lease) await lose(run);
      else giveBack(run);
    }
  });

const takeQueue = (): Command =>
  command("another queue service takes over", async (model) => {
    model.oldEpoch = model.epoch;
    model.epoch = await store.takeShard("model");
  });

const deploy = (): Command =>
  command("the missing version is deployed", async (model, { prefix }) => {
    await store.deploy([{ id: "hello" }, { id: "once", maxAttempts: 1 }, { id: `${prefix}-later` }]);
    await store.parts.promotePendingRuns(ENVIRONMENT_ID);
    for (const run of model.runs) if (run.state === "PENDING_VERSION") move(run, "deploy");
    model.isDeployed = true;
  });

/** Every run is as the model says, and the invariants hold (I1, I2, I3, I4, I7). */
async function compare(model: Model): Promise<void> {
  for (const run of model.runs) {
    const row = await store.run(run.id);
    expect(row).toMatchObject({
      status: statusOf(run.state),
      wait_id: run.wait?.id ?? null,
      attempt_number: run.attempt,
      lease_token: run.lease?.lease.ref?.leaseToken ?? null,
      supervisor_id: run.lease?.supervisorId ?? null,
    });
    if (isTerminal(statusOf(run.state))) expect(run.lease).toBeUndefined();
  }
  for (const token of freed.splice(0)) model.slots.delete(token);
  // A cancel of a run that waits takes a slot that nobody claimed; the list of leases tells of it.
  const { rows } = await listLeasedRuns(store.postgres, { shard: store.shard, after: LEASE_START, limit: 100 });
  const listed = new Set(rows.map((row) => row.lease_token));
  const unclaimed = model.runs.filter((run) => run.state === "CANCELING" && run.wait !== undefined);
  const canceledWaits = new Set(unclaimed.map((run) => run.lease?.lease.ref?.leaseToken));
  expect(Array.from(model.slots.difference(listed))).toEqual([]);
  expect(Array.from(listed.difference(model.slots)).filter((token) => !canceledWaits.has(token))).toEqual([]);
}

/** A command, then the comparison; and whatever had ended before has not changed (I3). */
function checked(inner: Command): Command {
  return {
    check: (model) => inner.check(model),
    toString: () => inner.toString(),
    async run(model, real) {
      const before = await snapshotTerminal(store.postgres);
      await inner.run(model, real);
      await compare(model);
      expect(await checkTerminalUnchanged(store.postgres, before)).toEqual([]);
      expect(await store.violations()).toEqual([]);
    },
  };
}

const run = fc.nat(5);
const supervisor = fc.constantFrom(...SUPERVISORS);
const outcome = fc.constantFrom<AttemptOutcomeName>(
  "SUCCEEDED",
  "FAILED",
  "CRASHED",
  "LOST",
  "CANCELED",
  "CANCEL_FORCED",
  "TIMED_OUT",
);
const commands = fc.commands(
  [
    fc.tuple(fc.nat(5), fc.boolean()).map((args) => checked(trigger(...args))),
    fc.tuple(run, supervisor, fc.constant(false)).map((args) => checked(claim(...args))),
    fc.tuple(run, supervisor, fc.constant(false)).map((args) => checked(claim(...args))),
    fc.tuple(run, supervisor, fc.constant(true)).map((args) => checked(claim(...args))),
    fc.tuple(fc.nat(5), supervisor, fc.constant(false)).map((args) => checked(triggerAskedFor(...args))),
    fc.tuple(fc.nat(5), supervisor, fc.constant(true)).map((args) => checked(triggerAskedFor(...args))),
    fc.tuple(run, outcome).map((args) => checked(finish(...args))),
    fc.tuple(run, outcome).map((args) => checked(repeatFinish(...args))),
    run.map((index) => checked(reportStale(index))),
    run.map((index) => checked(progress(index))),
    run.map((index) => checked(release(index))),
    fc.tuple(run, fc.integer({ min: 1, max: 2 })).map((args) => checked(suspend(...args))),
    fc.tuple(run, fc.integer({ min: 1, max: 2 })).map((args) => checked(resume(...args))),
    run.map((index) => checked(repeatSuspend(index))),
    run.map((index) => checked(cancel(index))),
    run.map((index) => checked(comeDue(index))),
    supervisor.map((id) => checked(expire(id))),
    supervisor.map((id) => checked(register(id))),
    fc.tuple(supervisor, fc.boolean()).map((args) => checked(heartbeat(...args))),
    fc.constant(checked(takeQueue())),
    fc.constant(checked(deploy())),
  ],
  { maxCommands: 40, size: "max" },
);

it("whatever happens in whatever order, runs are where the model says", async () => {
  let rounds = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (script) => {
      await store.sql("TRUNCATE runs, run_contents, run_events, attempts, supervisors");
      rounds += 1;
      const prefix = `model-${rounds}`;
      for (const id of SUPERVISORS) await store.register(id);
      const oldEpoch = await store.takeShard("model");
      const epoch = await store.takeShard("model");
      await fc.asyncModelRun(
        () => ({
          model: {
            runs: [],
            alive: new Set(SUPERVISORS),
            requests: new Map(),
            slots: new Set<string>(),
            epoch,
            oldEpoch,
            isDeployed: false,
          },
          real: { prefix },
        }),
        script,
      );
    }),
    { numRuns: 60 },
  );
}, 120_000);

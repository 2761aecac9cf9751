import { systemClock } from "@windlass/chassis";
import { type CancelLease, CancelPhase, type Run, type RunEvent, RunStatus } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { RUN_STATUSES, isTerminal, nextState, runStatusToProto } from "../run-state.ts";
import { cancelRun } from "../runs/cancel-run.ts";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { SUPERVISOR_ID } from "../testing/reports.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";

const { server, seeder, environment } = await shareStoreServer();

async function cancel(runId: string, reason = "no longer needed"): Promise<Run> {
  const { run } = await environment.runs.cancelRun({ runId, reason });
  if (run === undefined) throw new Error("no run was returned");
  return run;
}

async function get(runId: string): Promise<Run> {
  const { run } = await environment.runs.getRun({ runId });
  if (run === undefined) throw new Error("no run was returned");
  return run;
}

describe("canceling a run", () => {
  const cancelable = RUN_STATUSES.filter((status) => nextState(status, "cancel") !== undefined);

  it("is possible until it ends", () => {
    expect(cancelable).toEqual(["DELAYED", "PENDING_VERSION", "QUEUED", "EXECUTING", "WAITING", "RETRYING"]);
  });

  it.each(cancelable)("that is %s, stores when and why, and shows in the timeline", async (status) => {
    const runId = await seeder.inStatus(environment.id, status);
    const before = await get(runId);
    const run = await cancel(runId);
    const isHeld = status === "EXECUTING" || status === "WAITING";
    expect(run.status).toBe(isHeld ? RunStatus.CANCELING : RunStatus.CANCELED);
    expect(run).toMatchObject({ cancelReason: "no longer needed", revision: before.revision + 1n });
    expect(run.cancelRequestTime).toBeDefined();
    expect([run.dueTime, run.finishTime !== undefined]).toEqual([undefined, !isHeld]);
    expect({ ...(await get(runId)), payload: undefined, error: undefined }).toEqual({
      ...run,
      payload: undefined,
      error: undefined,
    });

    const watching = environment.runs.watchRun({ runId })[Symbol.asyncIterator]();
    const events: RunEvent[] = [];
    while (!events.some(({ body }) => body.case === "cancelProgress"))
      events.push(...((await watching.next()).value?.events ?? []));
    await watching.return?.();
    expect(events.slice(-2).map(({ body }) => body)).toMatchObject([
      { case: "cancelProgress", value: { phase: CancelPhase.REQUESTED, reason: "no longer needed" } },
      { case: "statusChanged", value: { status: run.status, attemptNumber: run.attemptNumber } },
    ]);
  });

  it.each(RUN_STATUSES.filter((status) => isTerminal(status) || status === "CANCELING"))(
    "that is %s changes nothing",
    async (status) => {
      const runId = await seeder.inStatus(environment.id, status);
      const before = await get(runId);
      const run = await cancel(runId, "second");
      expect(run.status).toBe(runStatusToProto(status));
      expect(await get(runId)).toEqual(before);
    },
  );

  it("twice keeps the first reason", async () => {
    const runId = await seeder.inStatus(environment.id, "EXECUTING");
    const first = await cancel(runId, "first");
    expect(await cancel(runId, "second")).toEqual(first);
  });

  it("tells the supervisor that has it, and no other", async () => {
    const told: CancelLease[] = [];
    const stopListening = server.feed.cancels.listen(SUPERVISOR_ID, (item) => told.push(item));
    const runId = await seeder.trigger(environment.id);
    const lease = await seeder.claim(environment.id, runId);
    await cancel(await seeder.trigger(environment.id));
    await cancel(runId, "stop it");
    await cancel(runId, "again");
    stopListening();
    expect(told).toMatchObject([{ ref: lease, reason: "stop it" }]);
    expect(told[0]?.requestTime).toEqual((await get(runId)).cancelRequestTime);
  });

  it("answers those who wait for it, with the error that the last attempt left", async () => {
    const runId = await seeder.inStatus(environment.id, "RETRYING");
    const call = environment.runs.awaitRuns();
    call.send({ runIds: [runId, "run_none"] });
    const responses = call.responses[Symbol.asyncIterator]();
    await responses.next();
    await cancel(runId);
    const [answer] = (await responses.next()).value?.results ?? [];
    expect(answer?.result).toMatchObject({
      case: "run",
      value: { status: RunStatus.CANCELED, error: { message: "boom" } },
    });
    call.cancel();
  });

  it("leaves a row in the outbox when somebody publishes it", async () => {
    const runId = await seeder.trigger(environment.id);
    const announced: unknown[] = [];
    await cancelRun(
      {
        postgres: server.postgres,
        feed: server.feed,
        reader: createRunEndReader(server.postgres),
        clock: systemClock,
        announce: (outboxId, changes) => announced.push(outboxId, ...changes),
        hasOutbox: true,
      },
      { environmentId: environment.id, runId, reason: "" },
    );
    expect(announced).toEqual([
      expect.any(Number),
      { environmentId: environment.id, runId, taskId: "hello", status: "CANCELED", revision: 2, eventSeq: 3 },
    ]);
    const rows = await server.postgres.query({ name: "", text: "SELECT environment_ids, run_ids FROM outbox" });
    expect(rows).toEqual([{ environment_ids: [environment.id], run_ids: [runId] }]);
  });

  it("races with its claim: whoever is first, exactly one of two things happens", async () => {
    const seen = new Set<RunStatus>();
    for (let round = 0; round < 50; round += 1) {
      const runId = await seeder.trigger(environment.id);
      const claimFirst = round % 2 === 0 ? seeder.claim(environment.id, runId) : undefined;
      const canceling = cancel(runId);
      const lease = await (claimFirst ?? seeder.claim(environment.id, runId));
      const run = await canceling;
      expect(run.status).toBe(lease === undefined ? RunStatus.CANCELED : RunStatus.CANCELING);
      expect((await get(runId)).status).toBe(run.status);
      seen.add(run.status);
      const isEnded = lease === undefined || (await seeder.finish(lease, { outcome: "CANCELED", next: "FAILED" }));
      expect(isEnded).toBe(true);
      expect((await get(runId)).status).toBe(RunStatus.CANCELED);
    }
    expect(seen.size).toBe(2);
  });

  it("races with its end: a run that ended first stays as it ended, else it is CANCELED with its output", async () => {
    const seen = new Set<RunStatus>();
    for (let round = 0; round < 50; round += 1) {
      const runId = await seeder.trigger(environment.id);
      const lease = await seeder.claim(environment.id, runId);
      if (lease === undefined) throw new Error("the run could not be claimed");
      const finish = () => seeder.finish(lease, { outcome: "SUCCEEDED", next: "COMPLETED", output: "1" });
      const canceling = round % 2 === 0 ? cancel(runId) : undefined;
      expect(await finish()).toBe(true);
      const run = await (canceling ?? cancel(runId));
      expect([RunStatus.CANCELING, RunStatus.COMPLETED, RunStatus.CANCELED]).toContain(run.status);
      const after = await get(runId);
      expect(after.status).toBe(run.status === RunStatus.COMPLETED ? RunStatus.COMPLETED : RunStatus.CANCELED);
      expect(Buffer.from(after.output?.data ?? []).toString()).toBe("1");
      seen.add(after.status);
      const messages = await Array.fromAsync(environment.runs.watchRun({ runId }));
      const seqs = messages.flatMap(({ events }) => events.map(({ seq }) => Number(seq)));
      expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, index) => index + 1));
    }
    expect(seen).toContain(RunStatus.COMPLETED);
  });

  it.each([["NUL \0"], ["x".repeat(1001)], ["\u0007"]])(
    "with the reason %j is refused and changes nothing",
    async (reason) => {
      const runId = await seeder.trigger(environment.id);
      const failure = await failureOf(environment.runs.cancelRun({ runId, reason }));
      expect(failure.violations.map(({ field }) => field)).toEqual(["reason"]);
      expect((await get(runId)).status).toBe(RunStatus.QUEUED);
    },
  );

  it("that is not there is RUN_NOT_FOUND", async () => {
    expect(await reasonOf(environment.runs.cancelRun({ runId: "run_none" }))).toBe("RUN_NOT_FOUND");
  });
});

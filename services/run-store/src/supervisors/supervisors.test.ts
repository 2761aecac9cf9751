import { fromBinary } from "@bufbuild/protobuf";
import { CancelPhase, ErrorReason, RunErrorCode, RunErrorSchema, WatchRunResponseSchema } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { heartbeatOf, leaseKey } from "../testing/reports.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";
import { expireSupervisors, removeLostSupervisor, unregisterSupervisor } from "./remove-supervisors.ts";
import { renewSupervisor } from "./renew-supervisor.ts";

const store = await shareHotStore();
let supervisors = 0;

/** A new supervisor with leases of new runs. */
async function holder(count: number, task = "hello") {
  const id = `sup_${(supervisors += 1)}`;
  await store.register(id);
  const leases = [];
  for (let index = 0; index < count; index += 1)
    leases.push(await store.claim(await store.trigger({ taskId: task }), id));
  return { id, leases };
}

const expireNow = (id: string) =>
  store.sql("UPDATE supervisors SET expire_time = now() - interval '1 ms' WHERE id = $1", [id]);
const claimedLongAgo = (runId: string | undefined) =>
  store.sql("UPDATE runs SET claim_time = now() - interval '11 s' WHERE id = $1", [runId]);
const renew = (id: string, tokens: string[]) =>
  renewSupervisor({ db: store.postgres, reporter: store.parts.reporter }, id, heartbeatOf(tokens));
const tokensOf = (leases: readonly { ref?: { leaseToken: string } | undefined }[]) =>
  leases.map((lease) => lease.ref?.leaseToken ?? "");

describe("a heartbeat", () => {
  it("renews the supervisor; one that is late but still known too; one that is not is told so", async () => {
    const { id } = await holder(0);
    await expireNow(id);
    expect(await renew(id, [])).toEqual({ cancels: [], revoked: [] });
    const [row] = await store.sql(
      "SELECT expire_time > now() + interval '50 s' AS renewed FROM supervisors WHERE id = $1",
      [id],
    );
    expect(row).toEqual({ renewed: true });
    await expect(renew("sup_unknown", [])).rejects.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
  });

  it("takes back leases that never arrived, not those that it names, nor those that may be on their way", async () => {
    const { id, leases } = await holder(3);
    const [held, missing, young] = leases;
    await claimedLongAgo(held?.run?.id);
    await claimedLongAgo(missing?.run?.id);
    const { revoked } = await renew(id, tokensOf([held ?? {}]));
    expect(revoked).toMatchObject([{ runId: missing?.run?.id, leaseToken: missing?.ref?.leaseToken }]);
    expect(await store.run(missing?.run?.id ?? "")).toMatchObject({ status: "QUEUED", attempt_number: 0 });
    for (const lease of [held, young])
      expect(await store.run(lease?.run?.id ?? "")).toMatchObject({ status: "EXECUTING" });
    expect(await renew(id, tokensOf(leases))).toEqual({ cancels: [], revoked: [] });
  });

  it("brings back the cancels of its leases every time, until they end; a canceled lease that never arrived ends at once", async () => {
    const { id, leases } = await holder(2);
    const [held, missing] = leases;
    for (const lease of leases) await store.cancel(lease.run?.id ?? "");
    await claimedLongAgo(missing?.run?.id);
    const first = await renew(id, tokensOf([held ?? {}]));
    expect(first.cancels).toMatchObject([{ ref: held?.ref, reason: "no longer needed" }]);
    expect(first.cancels[0]?.requestTime).toBeDefined();
    expect(await store.run(missing?.run?.id ?? "")).toMatchObject({ status: "CANCELED" });
    expect((await renew(id, tokensOf([held ?? {}]))).cancels).toHaveLength(1);
    if (held !== undefined) await store.finish(held, { outcome: "CANCELED", output: undefined });
    expect(await renew(id, [])).toEqual({ cancels: [], revoked: [] });
  });
});

describe("a supervisor that registers again", () => {
  it("keeps its leases, even when it is late", async () => {
    const { id, leases } = await holder(1);
    await expireNow(id);
    await store.register(id);
    expect(await expireSupervisors(store.parts, [id])).toEqual([]);
    for (const lease of leases) expect(await store.finish(lease)).toEqual([]);
  });

  it("is told to the scheduler with its TTL", async () => {
    const due = store.feed.due.subscribe(10);
    await store.register("sup_told", 12_345);
    for await (const [item] of due) {
      expect(item).toMatchObject({
        dueInMs: 12_345n,
        item: { case: "supervisor", value: { supervisorId: "sup_told" } },
      });
      break;
    }
  });
});

describe("a supervisor that expired", () => {
  it("loses its leases: runs are retried or end as SYSTEM_FAILURE, and its token is worth nothing any more", async () => {
    const { id, leases } = await holder(1);
    const last = await store.claim(await store.trigger({ taskId: "once" }), id);
    await expireNow(id);
    const ended = store.ended(last.run?.id ?? "");
    expect(await expireSupervisors(store.parts, [id])).toEqual([id]);
    const [first] = leases;
    expect(await store.run(first?.run?.id ?? "")).toMatchObject({ status: "RETRYING", attempt_number: 1 });
    expect(await store.run(last.run?.id ?? "")).toMatchObject({ status: "SYSTEM_FAILURE" });
    expect((await ended).error).toMatchObject({ code: RunErrorCode.SUPERVISOR_LOST });
    const [attempt] = await store.sql<{ outcome: string; error: Buffer }>(
      "SELECT outcome, error FROM attempts WHERE run_id = $1",
      [last.run?.id],
    );
    expect(attempt?.outcome).toBe("LOST");
    expect(fromBinary(RunErrorSchema, attempt?.error ?? Buffer.alloc(0)).message).toContain(id);
    expect(await store.finish(last)).toEqual([leaseKey(last)]);
    await expect(renew(id, [])).rejects.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
  });

  it("whose run was being canceled: CANCELED, and the timeline says that it was forced", async () => {
    const { id, leases } = await holder(1);
    const runId = leases[0]?.run?.id ?? "";
    await store.cancel(runId);
    await expireNow(id);
    await expireSupervisors(store.parts, [id]);
    expect(await store.run(runId)).toMatchObject({ status: "CANCELED" });
    const [chunk] = await store.sql<{ events: Buffer }>(
      "SELECT events FROM run_events WHERE run_id = $1 ORDER BY first_seq DESC LIMIT 1",
      [runId],
    );
    const { events } = fromBinary(WatchRunResponseSchema, chunk?.events ?? Buffer.alloc(0));
    expect(events[0]?.body).toMatchObject({ case: "cancelProgress", value: { phase: CancelPhase.FORCED } });
  });

  it("with thousands of leases loses all of them in one go", async () => {
    const { id } = await holder(0);
    const ids = await store.triggerMany(2_500);
    for (let start = 0; start < ids.length; start += 1_000) {
      await store.parts.claimer.claim({
        shard: store.shard,
        epoch: store.epoch,
        claims: ids.slice(start, start + 1_000).map((runId) => ({
          $typeName: "windlass.internal.v1.Claim",
          environmentId: "env_test",
          runId,
          supervisorId: id,
          traceparent: "",
        })),
      });
    }
    await expireNow(id);
    await expireSupervisors(store.parts, [id]);
    const [row] = await store.sql("SELECT count(*)::int FROM runs WHERE id = ANY ($1) AND status = 'RETRYING'", [ids]);
    expect(row).toEqual({ count: 2_500 });
  });

  it("and renewed at the same moment: either it lives with its leases, or it is gone without", async () => {
    for (let round = 0; round < 15; round += 1) {
      const { id, leases } = await holder(3);
      await expireNow(id);
      const [removed, renewed] = await Promise.allSettled([
        expireSupervisors(store.parts, [id]),
        renew(id, tokensOf(leases)),
      ]);
      const isGone = removed.status === "fulfilled" && removed.value.length === 1;
      expect(renewed.status).toBe(isGone ? "rejected" : "fulfilled");
      for (const lease of leases)
        expect((await store.run(lease.run?.id ?? "")).status).toBe(isGone ? "RETRYING" : "EXECUTING");
    }
  });
});

describe("a supervisor that another one says to follow", () => {
  it("is gone although its lease has not run out, and what it held is lost like that of one that expired", async () => {
    const { id, leases } = await holder(2);
    await removeLostSupervisor(store.parts, id);
    await removeLostSupervisor(store.parts, id);
    for (const lease of leases)
      expect(await store.run(lease.run?.id ?? "")).toMatchObject({ status: "RETRYING", attempt_number: 1 });
    await expect(renew(id, [])).rejects.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
  });
});

describe("a supervisor that leaves", () => {
  it("gives back unstarted what never arrived, is gone, and may say so twice", async () => {
    const { id, leases } = await holder(2);
    await unregisterSupervisor(store.parts, id);
    await unregisterSupervisor(store.parts, id);
    for (const lease of leases)
      expect(await store.run(lease.run?.id ?? "")).toMatchObject({ status: "QUEUED", attempt_number: 0 });
    await expect(store.claim(leases[0]?.run?.id ?? "", id)).rejects.toMatchObject({
      reason: ErrorReason.SUPERVISOR_EXPIRED,
    });
  });
});

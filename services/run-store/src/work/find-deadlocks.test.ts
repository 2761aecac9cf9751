import { create, toBinary } from "@bufbuild/protobuf";
import { type Lease, RunOptionsSchema, type Wait } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { deleteDeadRunWaits } from "../store/run-waits.ts";
import { NO_OPTIONS } from "../validation/run-options.ts";
import { leaseKey, logEvent } from "../testing/reports.ts";
import { shareHotStore } from "../testing/share-hot-store.ts";

const store = await shareHotStore();

const leased = async () => store.claim(await store.trigger());
async function leasedOf(batchId: string): Promise<Lease> {
  const encoded = Buffer.from(toBinary(RunOptionsSchema, create(RunOptionsSchema, { batchId })));
  return store.claim(await store.trigger({ options: { ...NO_OPTIONS, encoded, batchId } }));
}
const idOf = (lease: Lease) => lease.run?.id ?? "";
let waits = 0;

/** Says that an attempt waits for these runs. */
function suspend(lease: Lease, ...awaited: Lease[]) {
  const [runId, ...others] = awaited.map(idOf);
  if (runId !== undefined && others.length === 0) return suspendFor(lease, { case: "runId", value: runId });
  return suspendForBatch(lease, "batch_of_none", ...awaited);
}

/** Says that an attempt waits for a batch, and for these runs beside it. */
function suspendForBatch(lease: Lease, batchId: string, ...others: Lease[]) {
  const value = { $typeName: "windlass.v1.BatchWait", batchId, runIds: others.map(idOf), runCount: 0 } as const;
  return suspendFor(lease, { case: "batch", value });
}

function suspendFor(lease: Lease, kind: Wait["kind"]) {
  waits += 1;
  const wait: Wait = { $typeName: "windlass.v1.Wait", id: `wait-${waits}`, kind };
  const events = [logEvent(`before wait ${waits}`)];
  return store.parts.reporter.report({ items: [{ kind: "suspend", lease: leaseKey(lease), wait, events }], bytes: 0 });
}

describe("a run that wants to wait", () => {
  it("for a run that waits for it must not: it stays EXECUTING, with what it said so far", async () => {
    const [parent, child] = [await leased(), await leased()];
    expect(await suspend(parent, child)).toEqual({ lost: [], deadlocks: [] });
    const { deadlocks } = await suspend(child, parent);
    expect(deadlocks).toEqual([{ lease: leaseKey(child), runIds: [idOf(parent)] }]);
    expect(await store.run(idOf(child))).toMatchObject({ status: "EXECUTING", wait_id: null, event_seq: 3n });
    expect(await store.finish(child)).toEqual([]);
  });

  it("for itself must not", async () => {
    const lease = await leased();
    expect((await suspend(lease, lease)).deadlocks).toMatchObject([{ runIds: [idOf(lease)] }]);
  });

  it("is told the whole circle, over runs and batches", async () => {
    const [a, b, c, other] = [await leased(), await leased(), await leased(), await leased()];
    await suspend(a, other, b);
    await suspend(b, c);
    expect((await suspend(c, a)).deadlocks).toMatchObject([{ runIds: [idOf(a), idOf(b)] }]);
  });

  it("for a batch of which a run waits for it must not, whoever waits last", async () => {
    const [parent, child, other] = [await leased(), await leasedOf("batch_a"), await leased()];
    expect((await suspendForBatch(parent, "batch_a")).deadlocks).toEqual([]);
    expect((await suspend(child, other)).deadlocks).toEqual([]);
    expect((await suspend(other, parent)).deadlocks).toMatchObject([{ runIds: [idOf(parent), idOf(child)] }]);

    const [late, early] = [await leased(), await leasedOf("batch_b")];
    expect((await suspend(early, late)).deadlocks).toEqual([]);
    expect((await suspendForBatch(late, "batch_b")).deadlocks).toMatchObject([{ runIds: [idOf(early)] }]);
    expect(await store.sql("SELECT FROM batch_waits WHERE run_id = $1", [idOf(late)])).toEqual([]);
  });

  it("may wait for a batch whose runs wait for others, and wait for another batch afterwards", async () => {
    const [parent, child, other] = [await leased(), await leasedOf("batch_c"), await leased()];
    await suspend(child, other);
    expect((await suspendForBatch(parent, "batch_c")).deadlocks).toEqual([]);
    await store.resume(parent, `wait-${waits}`);
    expect(await store.sql("SELECT FROM batch_waits WHERE run_id = $1", [idOf(parent)])).toEqual([]);
    const continued = await store.claim(idOf(parent));
    expect((await suspend(other, parent)).deadlocks).toEqual([]);
    expect((await suspendForBatch(continued, "batch_c")).deadlocks).toMatchObject([
      { runIds: [idOf(child), idOf(other)] },
    ]);
  });

  it("may wait for runs that wait for others, and for one whose wait for it is over", async () => {
    const [a, b, c] = [await leased(), await leased(), await leased()];
    expect((await suspend(b, c)).deadlocks).toEqual([]);
    expect((await suspend(a, b)).deadlocks).toEqual([]);
    await store.resume(a, `wait-${waits}`);
    const continued = await store.claim(idOf(a));
    expect((await suspend(c, a)).deadlocks).toEqual([]);
    expect(continued.resumeWaitId).not.toBe("");
    const rows = await store.sql("SELECT FROM run_waits WHERE run_id = $1", [idOf(a)]);
    expect(rows).toEqual([]);
  });

  it("at the same moment as the run it waits for: at least one of them must not", async () => {
    for (let round = 0; round < 10; round += 1) {
      const [a, b] = [await leased(), await leased()];
      const both = await Promise.all([suspend(a, b), suspend(b, a)]);
      expect(both.flatMap(({ deadlocks }) => deadlocks).length).toBeGreaterThan(0);
    }
  });
});

it("what runs waited for whose attempts have ended is removed", async () => {
  const [a, b] = [await leased(), await leased()];
  await suspendForBatch(a, "batch_of_none", b);
  await store.finish(a, { outcome: "CANCELED", output: undefined });
  await deleteDeadRunWaits(store.postgres, 1_000);
  for (const table of ["run_waits", "batch_waits"])
    expect(await store.sql(`SELECT FROM ${table} WHERE run_id = $1`, [idOf(a)])).toEqual([]);
});

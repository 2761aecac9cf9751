import type { Lease, Wait } from "@windlass/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { deleteDeadRunWaits } from "../store/run-waits.ts";
import { type HotStore, leaseKey, logEvent, startHotStore } from "../testing/hot-store.ts";

let store: HotStore;
beforeAll(async () => {
  store = await startHotStore();
});
afterEach(async () => expect(await store.violations()).toEqual([]));
afterAll(() => store.stop());

const leased = async () => store.claim(await store.trigger());
const idOf = (lease: Lease) => lease.run?.id ?? "";
let waits = 0;

/** Says that an attempt waits for these runs. */
function suspend(lease: Lease, ...awaited: Lease[]) {
  waits += 1;
  const runIds = awaited.map(idOf);
  const kind: Wait["kind"] =
    runIds.length === 1
      ? { case: "runId", value: runIds[0] ?? "" }
      : { case: "batch", value: { $typeName: "windlass.v1.BatchWait", batchId: "batch_1", runIds } };
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
  await suspend(a, b);
  await store.finish(a, { outcome: "CANCELED", output: undefined });
  await deleteDeadRunWaits(store.postgres, 1_000);
  expect(await store.sql("SELECT FROM run_waits WHERE run_id = $1", [idOf(a)])).toEqual([]);
});

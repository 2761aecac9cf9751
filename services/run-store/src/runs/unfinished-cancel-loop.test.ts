import { createFakeClock, createLogger } from "@windlass/chassis";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { cancelRuns } from "../store/cancel-runs.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { createRunEndReader } from "./run-end-reader.ts";
import { createUnfinishedCancelLoop } from "./unfinished-cancel-loop.ts";

let store: HotStore;
beforeEach(async () => {
  store = await startHotStore();
});
afterEach(async () => {
  expect(await store.violations()).toEqual([]);
  await store.stop();
});

/** Cancels one run as CancelRun does until it dies: before it comes to what the run has triggered. */
const cancelAndDie = (runId: string) =>
  cancelRuns(
    store.postgres,
    { environmentId: ENVIRONMENT_ID, runIds: [runId], reason: "enough", event: new Uint8Array() },
    false,
  );

async function startLoop() {
  const clock = createFakeClock(Date.now());
  const logger = createLogger({ service: "test", level: "error" });
  const reader = createRunEndReader(store.postgres);
  const loop = createUnfinishedCancelLoop({ ...store.parts, reader, clock, logger });
  await loop.start();
  return { loop, clock };
}

it("a cancel that a crash interrupted goes on: all that the run has triggered, and theirs, is canceled with its reason", async () => {
  const root = await store.trigger();
  const rootLease = await store.claim(root);
  const queued = await store.trigger({ parentRunId: root });
  const executing = await store.claim(await store.trigger({ parentRunId: root }));
  const ended = await store.claim(await store.trigger({ parentRunId: root }));
  const belowEnded = await store.trigger({ parentRunId: ended.run?.id ?? "" });
  const belowThat = await store.trigger({ parentRunId: belowEnded });
  await store.finish(ended);
  const stranger = await store.trigger();
  const strangersChild = await store.trigger({ parentRunId: stranger });
  await cancelAndDie(root);
  const told = new Promise((resolve) =>
    store.feed.cancels.listen("sup_test", (cancel) => resolve(cancel.ref?.leaseToken)),
  );

  const { loop, clock } = await startLoop();
  expect(await told).toBe(executing.ref?.leaseToken);
  for (const runId of [queued, belowEnded, belowThat])
    await vi.waitFor(async () =>
      expect(await store.run(runId)).toMatchObject({ status: "CANCELED", cancel_reason: "enough" }),
    );
  expect(await store.run(executing.run?.id ?? "")).toMatchObject({ status: "CANCELING", cancel_reason: "enough" });
  expect(await store.run(ended.run?.id ?? "")).toMatchObject({ status: "COMPLETED" });
  for (const runId of [stranger, strangersChild]) expect(await store.run(runId)).toMatchObject({ status: "QUEUED" });

  const late = await store.trigger();
  const child = await store.trigger({ parentRunId: late });
  await cancelAndDie(late);
  await clock.timersPending(1);
  await clock.advance(5_000);
  await vi.waitFor(async () => expect(await store.run(child)).toMatchObject({ status: "CANCELED" }));
  await loop.stop();
  await store.finish(executing);
  await store.finish(rootLease);
});

it("a cancel that a crash interrupted is found however many other runs go on", async () => {
  await store.triggerMany(1_500);
  const root = await store.trigger();
  const child = await store.trigger({ parentRunId: root });
  await cancelAndDie(root);
  const { loop, clock } = await startLoop();
  await clock.timersPending(1);
  expect(await store.run(child)).toMatchObject({ status: "QUEUED" });
  await clock.advance(5_000);
  await vi.waitFor(async () => expect(await store.run(child)).toMatchObject({ status: "CANCELED" }));
  await loop.stop();
});

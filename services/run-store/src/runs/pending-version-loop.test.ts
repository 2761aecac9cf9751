import { createFakeClock, createLogger } from "@windlass/chassis";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type HotStore, OTHER_ENVIRONMENT_ID, startHotStore } from "../testing/hot-store.ts";
import { createPendingVersionLoop } from "./pending-version-loop.ts";

let store: HotStore;
beforeEach(async () => {
  store = await startHotStore();
});
afterEach(() => store.stop());

it("finds runs whose version is there though nobody promoted them, in every environment, and leaves the others", async () => {
  const logger = createLogger({ service: "test", level: "error" });
  const clock = createFakeClock();
  const late = await store.trigger({ taskId: "late" });
  const never = await store.trigger({ taskId: "never" });
  const elsewhere = await store.trigger({ taskId: "late", queue: "own", maxAttempts: 9 }, OTHER_ENVIRONMENT_ID);
  const loop = createPendingVersionLoop({ ...store.parts, db: store.postgres, clock, logger });
  await loop.start();
  await clock.timersPending(1);
  // As after a crash between a deployment's commit and its promotion.
  await store.deploy([{ id: "late", queue: "slow", maxAttempts: 2 }]);
  await store.deploy([{ id: "late" }], OTHER_ENVIRONMENT_ID);
  expect(await store.run(late)).toMatchObject({ status: "PENDING_VERSION" });
  await clock.advance(5_000);
  for (const promoted of [late, elsewhere])
    await vi.waitFor(async () => expect(await store.run(promoted)).toMatchObject({ status: "QUEUED" }));
  expect(await store.run(late)).toMatchObject({ status: "QUEUED", queue: "slow", max_attempts: 2 });
  expect(await store.run(elsewhere)).toMatchObject({ queue: "own", max_attempts: 9 });
  expect(await store.run(never)).toMatchObject({ status: "PENDING_VERSION" });
  expect(await store.statuses(late)).toEqual(["PENDING_VERSION", "QUEUED"]);
  expect(await store.violations()).toEqual([]);
  await loop.stop();
});

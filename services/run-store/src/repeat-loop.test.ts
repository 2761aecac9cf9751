import { createFakeClock, createLogger, type FakeClock } from "@windlass/chassis";
import { expect, it } from "vitest";
import { createRepeatLoop } from "./repeat-loop.ts";

const logger = createLogger({ service: "test", level: "error" });

function loopOf(clock: FakeClock, turn: () => Promise<boolean>) {
  return createRepeatLoop({ name: "loop", clock, logger, intervalMs: 1_000, turn });
}

it("turns at once, then after every interval; without a pause while there is more to do; and after a failure too", async () => {
  const clock = createFakeClock();
  const answers = [() => true, () => true, () => false, () => Promise.reject(new Error("down")), () => false];
  let turns = 0;
  const loop = loopOf(clock, async () => (await answers[(turns += 1) - 1]?.()) ?? false);
  await loop.start();
  await clock.timersPending(1);
  expect(turns).toBe(3);
  await clock.advance(1_000);
  expect(turns).toBe(4);
  await clock.advance(1_000);
  expect(turns).toBe(5);
  await loop.stop();
  await loop.stop();
  expect(clock.pendingTimers).toBe(0);
});

it("stop waits for the turn under way, and may come before start", async () => {
  const clock = createFakeClock();
  const gate = Promise.withResolvers<boolean>();
  const loop = loopOf(clock, () => gate.promise);
  await loop.start();
  let isStopped = false;
  const stopped = loop.stop().then(() => (isStopped = true));
  await Promise.resolve();
  expect(isStopped).toBe(false);
  gate.resolve(true);
  await stopped;
  expect(clock.pendingTimers).toBe(0);
  await loopOf(clock, () => Promise.resolve(false)).stop();
});

import { expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { createFakeClock } from "./fake-clock.ts";

test("timers fire by due time, then in the order in which they were set", async () => {
  const clock = createFakeClock(1_000);
  const fired: string[] = [];
  clock.setTimeout(() => fired.push(`late at ${clock.nowMs()}`), 20);
  clock.setTimeout(() => fired.push(`first at ${clock.nowMs()}`), 10);
  clock.setTimeout(() => fired.push(`second at ${clock.nowMs()}`), 10);
  clock.setTimeout(() => fired.push("canceled"), 5).cancel();
  await clock.advance(19);
  expect(fired).toEqual(["first at 1010", "second at 1010"]);
  await clock.advance(1);
  expect(fired).toEqual(["first at 1010", "second at 1010", "late at 1020"]);
  expect(clock.pendingTimers).toBe(0);
});

test("a loop that sleeps again is woken again within one advance", async () => {
  const clock = createFakeClock();
  const wakings: number[] = [];
  const stop = new AbortController();
  const loop = async () => {
    for (;;) {
      await clock.sleep(100, stop.signal);
      wakings.push(clock.monotonicMs());
    }
  };
  const ended = failureOf(loop());
  await clock.advance(350);
  expect(wakings).toEqual([100, 200, 300]);
  const reason = new Error("enough");
  stop.abort(reason);
  expect(await ended).toBe(reason);
  expect(clock.pendingTimers).toBe(0);
});

test("a test can wait until somebody sleeps", async () => {
  const clock = createFakeClock();
  const pending = clock.timersPending(2);
  clock.setTimeout(() => undefined, 1);
  clock.setTimeout(() => undefined, 1);
  await pending;
  expect(clock.pendingTimers).toBe(2);
});

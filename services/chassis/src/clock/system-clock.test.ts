import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "./system-clock.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a delay beyond 32 bits fires when it is due, not at once", () => {
  vi.useFakeTimers();
  const days40 = 40 * 86_400_000;
  let fired = false;
  systemClock.setTimeout(() => {
    fired = true;
  }, days40);
  vi.advanceTimersByTime(days40 - 1);
  expect(fired).toBe(false);
  vi.advanceTimersByTime(1);
  expect(fired).toBe(true);
});

test("a canceled timer of any length does not fire", () => {
  vi.useFakeTimers();
  let fired = false;
  const timer = systemClock.setTimeout(() => {
    fired = true;
  }, 2 ** 32);
  vi.advanceTimersByTime(2 ** 31);
  timer.cancel();
  timer.cancel();
  vi.advanceTimersByTime(2 ** 32);
  expect(fired).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test("sleep ends with the reason of the signal, before and during", async () => {
  const reason = new Error("stopped");
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
});

test("sleep resolves, and negative counts as zero", async () => {
  await expect(systemClock.sleep(-5)).resolves.toBeUndefined();
});

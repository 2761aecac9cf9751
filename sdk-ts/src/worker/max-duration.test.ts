import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MaxDuration } from "./max-duration.ts";

const exceeded = vi.fn<() => void>();

beforeEach(() => {
  vi.useFakeTimers();
  exceeded.mockClear();
});
afterEach(() => vi.useRealTimers());

it("says once that the time is up", () => {
  new MaxDuration(5_000, exceeded).resume();
  vi.advanceTimersByTime(4_999);
  expect(exceeded).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(exceeded).toHaveBeenCalledOnce();
});

it("does not count while it is paused, however often", () => {
  const maxDuration = new MaxDuration(5_000, exceeded);
  for (let pause = 0; pause < 4; pause++) {
    maxDuration.resume();
    maxDuration.resume();
    vi.advanceTimersByTime(1_000);
    maxDuration.pause();
    maxDuration.pause();
    vi.advanceTimersByTime(3_600_000);
  }
  expect(exceeded).not.toHaveBeenCalled();
  maxDuration.resume();
  vi.advanceTimersByTime(1_000);
  expect(exceeded).toHaveBeenCalledOnce();
});

it("counts further than a timer can", () => {
  const days = 24 * 60 * 60 * 1_000;
  new MaxDuration(60 * days, exceeded).resume();
  vi.advanceTimersByTime(60 * days - 1);
  expect(exceeded).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(exceeded).toHaveBeenCalledOnce();
});

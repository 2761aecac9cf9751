import { afterEach, describe, expect, it, vi } from "vitest";
import { AbortTaskRunError, retry } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import { retryDelayMs } from "./retry-delay.ts";

const fast = { minTimeoutInMs: 1, maxTimeoutInMs: 2 };

afterEach(() => TestAttempt.end());

describe("retry.onThrow", () => {
  it("calls the function until it succeeds, and tells it which try this is", async () => {
    const seen: number[] = [];
    const result = await retry.onThrow(
      async ({ attempt, maxAttempts, signal }) => {
        seen.push(attempt);
        expect([maxAttempts, signal.aborted]).toEqual([5, false]);
        if (attempt < 3) throw new Error("not yet");
        return "done";
      },
      { ...fast, maxAttempts: 5 },
    );
    expect([result, seen]).toEqual(["done", [1, 2, 3]]);
  });

  it("throws what came last, after three tries unless told otherwise", async () => {
    const fn = vi.fn<(params: { attempt: number }) => Promise<never>>(({ attempt }) =>
      Promise.reject(new Error(`try ${attempt}`)),
    );
    await expect(retry.onThrow(fn, fast)).rejects.toThrow("try 3");
    await expect(retry.onThrow(fn, { maxAttempts: 1 })).rejects.toThrow("try 1");
    expect(fn).toHaveBeenCalledTimes(4);
  });

  it("throws AbortTaskRunError on at once", async () => {
    const fn = vi.fn<() => Promise<never>>(() => Promise.reject(new AbortTaskRunError("enough")));
    await expect(retry.onThrow(fn, fast)).rejects.toThrow("enough");
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it("ends with the signal's reason when the run is canceled while it waits, and begins nothing after", async () => {
    const attempt = TestAttempt.begin();
    const reason = new Error("canceled");
    const fn = vi.fn<() => Promise<never>>(() => Promise.reject(new Error("no")));
    const retried = retry.onThrow(fn, { minTimeoutInMs: 60_000, maxTimeoutInMs: 60_000 });
    await vi.waitFor(() => expect(fn).toHaveBeenCalledTimes(1));
    attempt.cancel(reason);
    await expect(retried).rejects.toBe(reason);
    await expect(retry.onThrow(fn)).rejects.toBe(reason);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it("refuses options it does not have", async () => {
    await expect(retry.onThrow(async () => {}, { attempts: 3 } as never)).rejects.toThrow(
      '"attempts" is not an option',
    );
    await expect(retry.onThrow(async () => {}, { maxAttempts: 0 })).rejects.toThrow("maxAttempts");
  });
});

it("the delay is round(min(maxTimeoutInMs, (randomize ? 1..2 : 1) * minTimeoutInMs * factor^(n-1)))", () => {
  const options = { factor: 2, minTimeoutInMs: 100, maxTimeoutInMs: 500, randomize: false };
  expect([1, 2, 3, 4, 5].map((n) => retryDelayMs(options, n, 0.9))).toEqual([100, 200, 400, 500, 500]);
  expect([0, 0.5, 0.999].map((random) => retryDelayMs({ ...options, randomize: true }, 1, random))).toEqual([
    100, 150, 200,
  ]);
});

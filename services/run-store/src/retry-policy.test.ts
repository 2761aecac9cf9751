import { RunErrorCode } from "@windlass/proto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideAfterAttempt, DEFAULT_RETRY_POLICY, type EndedAttempt, retryDelayMs } from "./retry-policy.ts";

const FAILED: EndedAttempt = {
  outcome: "FAILED",
  errorCode: RunErrorCode.TASK_ERROR,
  decision: { kind: "by policy" },
  number: 1,
  maxAttempts: 3,
  policy: {
    factor: 2,
    minTimeoutMs: 1_000,
    maxTimeoutMs: 10_000,
    randomize: false,
    outOfMemoryMachine: null,
    isDisabled: false,
  },
};

function decide(overrides: Partial<EndedAttempt>, random = 0) {
  return decideAfterAttempt({ ...FAILED, ...overrides }, () => random);
}

function retryAfter(delayMs: number, machine?: string) {
  return { transition: "retry", delayMs, machine, addsAttempt: false };
}

describe("what follows an attempt", () => {
  it.each([
    ["SUCCEEDED", "complete"],
    ["CANCELED", "end canceled"],
    ["CANCEL_FORCED", "end canceled"],
    ["TIMED_OUT", "time out"],
  ] as const)("%s: %s, whatever is left", (outcome, transition) => {
    expect(decide({ outcome })).toEqual({ transition });
    expect(decide({ outcome, number: 3 })).toEqual({ transition });
  });

  it.each([
    ["FAILED", "fail"],
    ["CRASHED", "crash"],
    ["LOST", "fail system"],
  ] as const)("%s: a retry while attempts are left, then %s", (outcome, transition) => {
    expect(decide({ outcome })).toEqual(retryAfter(1_000));
    expect(decide({ outcome, number: 2 })).toEqual(retryAfter(2_000));
    expect(decide({ outcome, number: 3 })).toEqual({ transition });
    expect(decide({ outcome, decision: { kind: "never" } })).toEqual({ transition });
  });

  it.each([
    ["CRASHED", RunErrorCode.OUT_OF_MEMORY, "crash"],
    ["LOST", RunErrorCode.TASK_IMPORT_ERROR, "fail system"],
    ["FAILED", RunErrorCode.TASK_INPUT_ERROR, "fail"],
    ["FAILED", RunErrorCode.TASK_ABORTED, "fail"],
    ["FAILED", RunErrorCode.HANDLE_ERROR_ERROR, "crash"],
    ["FAILED", RunErrorCode.MAX_DURATION_EXCEEDED, "time out"],
  ] as const)("%s by %s is final at once", (outcome, errorCode, transition) => {
    expect(decide({ outcome, errorCode })).toEqual({ transition });
  });

  it("out of memory is retried on the machine that the task names for it, while attempts are left", () => {
    const policy = { ...FAILED.policy, outOfMemoryMachine: "large-1x" };
    const end = { outcome: "CRASHED", errorCode: RunErrorCode.OUT_OF_MEMORY, policy } as const;
    expect(decide(end)).toEqual(retryAfter(1_000, "large-1x"));
    expect(decide({ ...end, number: 3 })).toEqual({ transition: "crash" });
    expect(decide({ policy }), "another failure stays where it was").toEqual(retryAfter(1_000));
  });

  it("a supervisor that holds as many suspended processes as it may is retried by policy", () => {
    const errorCode = RunErrorCode.SUSPEND_LIMIT_REACHED;
    expect(decide({ errorCode })).toEqual(retryAfter(1_000));
    expect(decide({ errorCode, number: 3 })).toEqual({ transition: "fail" });
  });

  it.each([
    ["FAILED", "fail"],
    ["CRASHED", "crash"],
    ["LOST", "fail system"],
  ] as const)("%s is final where the task wants no retries: %s", (outcome, transition) => {
    const policy = { ...FAILED.policy, isDisabled: true };
    expect(decide({ outcome, policy })).toEqual({ transition });
    expect(decide({ outcome, policy, decision: { kind: "after", delayMs: 5 } })).toEqual({ transition });
  });

  it("evicted: again at once, and it takes none of the run's attempts, whatever is left and wherever", () => {
    const evicted = { outcome: "LOST", errorCode: RunErrorCode.EVICTED } as const;
    const again = { transition: "retry", delayMs: 0, machine: undefined, addsAttempt: true };
    expect(decide(evicted)).toEqual(again);
    expect(decide({ ...evicted, number: 3 })).toEqual(again);
    expect(decide({ ...evicted, policy: { ...FAILED.policy, isDisabled: true } })).toEqual(again);
    expect(decide({ ...evicted, number: 1_000, maxAttempts: 1_000 }), "but not for ever").toEqual({
      transition: "fail system",
    });
    expect(decide({ ...evicted, outcome: "FAILED", number: 3 }), "said by a worker").toEqual({ transition: "fail" });
  });

  it("the task's own delay is taken, within bounds, and never lifts the limit of attempts", () => {
    const after = (delayMs: number) => decide({ decision: { kind: "after", delayMs } });
    expect(after(5)).toEqual(retryAfter(5));
    expect(after(-1e12)).toEqual(retryAfter(0));
    expect(after(1e18)).toEqual(retryAfter(365 * 86_400_000));
    expect(decide({ number: 3, decision: { kind: "after", delayMs: 5 } })).toEqual({ transition: "fail" });
  });
});

describe("the delay after attempt n", () => {
  it("is round(min(max, (1 to 2) * min * factor^(n-1)))", () => {
    const policy = { factor: 1.8, minTimeoutMs: 500, maxTimeoutMs: 30_000, randomize: false };
    expect([1, 2, 3, 20].map((number) => retryDelayMs(policy, number, () => 0.9))).toEqual([500, 900, 1_620, 30_000]);
    expect(retryDelayMs({ ...policy, randomize: true }, 1, () => 0.5)).toBe(750);
    expect(retryDelayMs(DEFAULT_RETRY_POLICY, 1, () => 0)).toBe(1_000);
  });

  it("is never below zero, above the maximum, or no number", () => {
    fc.assert(
      fc.property(
        fc.record({
          factor: fc.double({ min: 1, max: 100, noNaN: true }),
          minTimeoutMs: fc.nat(86_400_000),
          maxTimeoutMs: fc.nat(86_400_000),
          randomize: fc.boolean(),
        }),
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (policy, number, random) => {
          const delayMs = retryDelayMs(policy, number, () => random);
          return Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= policy.maxTimeoutMs;
        },
      ),
    );
  });
});

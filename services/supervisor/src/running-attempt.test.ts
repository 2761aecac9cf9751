import { AttemptOutcome, RunErrorCode } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { Attempt } from "./attempt.ts";
import { beginRunning, finishOf, overdueEnd, type RunningAttempt, runMsOf } from "./running-attempt.ts";
import { makeLease } from "./testing/make-lease.ts";

/** An attempt that begins to run at 1,000 ms, and may run for so many seconds. */
function begun(maxDurationSeconds = 0, state: Partial<RunningAttempt> = {}): RunningAttempt {
  const lease = makeLease({ bundleHash: "" });
  lease.maxDurationSeconds = maxDurationSeconds;
  const { ref } = lease;
  if (ref === undefined) throw new Error("a lease has a ref");
  const attempt = new Attempt(lease, ref, 0, () => {});
  const parts = { attempt, held: {}, span: {}, worker: { kind: {} } } as unknown as RunningAttempt;
  return { ...beginRunning(parts, 1_000), ...state };
}

const lostEnd = { kind: "ended", end: { outcome: AttemptOutcome.LOST, retry: "by-policy" } };
const timedOut = { kind: "ended", end: { outcome: AttemptOutcome.TIMED_OUT, retry: "never" } };

describe("an attempt's time is over", () => {
  it("a second after its maxDuration, in which its worker can end it by itself", () => {
    expect(overdueEnd(begun(5), 7_000)).toBeUndefined();
    expect(overdueEnd(begun(5), 7_001)).toMatchObject(timedOut);
    expect(overdueEnd(begun(0), 1e9)).toBeUndefined();
  });

  it("not by the time that it waits; what it ran before and after that counts together", () => {
    const waiting = begun(5, { ranMs: 4_000, runsSinceMs: undefined });
    expect(runMsOf(waiting, 1e9)).toBe(4_000);
    expect(overdueEnd(waiting, 1e9)).toBeUndefined();
    const resumed = begun(5, { ranMs: 4_000, runsSinceMs: 100_000 });
    expect(overdueEnd(resumed, 102_000)).toBeUndefined();
    expect(overdueEnd(resumed, 102_001)).toMatchObject(timedOut);
  });

  it("when its cancel has had its time, and from the cancel on by nothing else", () => {
    const canceled = begun(5, { cancelDueMs: 30_000 });
    expect(overdueEnd(canceled, 29_999)).toBeUndefined();
    expect(overdueEnd(canceled, 30_000)).toEqual({ kind: "cancel-forced" });
  });

  it("when the lease that was to continue it has not come", () => {
    const doubted = begun(0, { phase: "resuming", doubtDueMs: 30_000 });
    expect(overdueEnd(doubted, 29_999)).toBeUndefined();
    expect(overdueEnd(doubted, 30_000)).toMatchObject(lostEnd);
  });
});

describe("an attempt whose worker is gone has ended", () => {
  const gone = { exit: undefined, startFailure: undefined };

  it("as it was decided before, whatever became of the process", () => {
    const end = { outcome: AttemptOutcome.FAILED, error: { code: RunErrorCode.DEADLOCK }, retry: "never" } as never;
    expect(finishOf(begun(0, { pendingEnd: { kind: "ended", end } }), gone, 2_000)).toMatchObject({
      outcome: AttemptOutcome.FAILED,
      error: { code: RunErrorCode.DEADLOCK },
    });
    expect(finishOf(begun(0, { pendingEnd: { kind: "cancel-forced" } }), gone, 2_000)).toMatchObject({
      outcome: AttemptOutcome.CANCEL_FORCED,
    });
  });

  it("without a word when its lease is not ours any more", () => {
    expect(finishOf(begun(0, { pendingEnd: { kind: "dropped" } }), gone, 2_000)).toBeUndefined();
  });

  it("as evicted when its supervisor stops and there never was a process", () => {
    expect(finishOf(begun(), gone, 2_000)).toMatchObject({
      outcome: AttemptOutcome.LOST,
      error: { code: RunErrorCode.EVICTED },
    });
  });
});

import { expect, test } from "vitest";
import { explainHold } from "./explain-hold.ts";
import { ReadyQueues } from "./ready-queues.ts";
import type { ReadyRun } from "./waiting-line.ts";

const limits = {
  environmentId: "env",
  queue: "q",
  concurrencyLimit: undefined,
  isPaused: false,
  rateLimit: undefined,
} as const;

function setUp() {
  let nowMs = 0;
  const ready = new ReadyQueues(() => nowMs);
  ready.leasedComplete(0);
  const supervisors = { size: 2, haveCredits: true, canTake: () => true };
  return {
    ready,
    push: (runId: string, more: Partial<ReadyRun> = {}) =>
      ready.push({
        environmentId: "env",
        queue: "q",
        concurrencyKey: "",
        runId,
        queueTimeUs: 1,
        traceparent: "",
        supervisorId: "",
        ...more,
      }),
    begin: () => {
      const run = ready.next();
      if (run !== undefined) ready.claimed(run, `token of ${run.runId}`, 0);
    },
    pass: (ms: number) => (nowMs += ms),
    explain: (runId: string, view: Partial<typeof supervisors> = {}) =>
      explainHold(ready, runId, nowMs, { ...supervisors, ...view }),
  };
}

test("a run that does not wait here has no hold", () => {
  const { push, begin, explain } = setUp();
  expect(explain("unknown")).toBeUndefined();
  push("a");
  begin();
  expect(explain("a")).toBeUndefined();
});

test("a pause comes before everything else", () => {
  const { ready, push, explain } = setUp();
  ready.setQueue({ ...limits, isPaused: true, concurrencyLimit: 0 });
  push("a");
  expect(explain("a", { size: 0 })).toMatchObject({ reason: "QUEUE_PAUSED", message: 'Queue "q" is paused.' });
});

test("the limit of a key names the key and at most 10 of the runs that hold its slots", () => {
  const { ready, push, begin, explain } = setUp();
  ready.setQueue({ ...limits, concurrencyLimit: 12 });
  for (let index = 0; index < 13; index += 1) push(`run_${10 + index}`, { concurrencyKey: "k" });
  push("other");
  for (let count = 0; count < 13; count += 1) begin();
  const hold = explain("run_22");
  expect(hold).toMatchObject({
    reason: "CONCURRENCY_LIMIT",
    message: 'Key "k" of queue "q" executes 12 runs, and its limit is 12.',
  });
  expect(hold?.runIds).toHaveLength(10);
  expect(hold?.runIds).not.toContain("other");
});

test("the environment's limit names runs of any of its queues", () => {
  const { ready, push, begin, explain } = setUp();
  ready.setEnvironment("env", 1);
  push("a", { queue: "another" });
  begin();
  push("b");
  expect(explain("b")).toMatchObject({ reason: "ENVIRONMENT_LIMIT", runIds: ["a"] });
});

test("a rate limit says when it ends, and holds back no resume", () => {
  const { ready, push, begin, pass, explain } = setUp();
  push("a");
  ready.setQueue({ ...limits, rateLimit: { limit: 2, periodMs: 1_000, isPerKey: false } });
  push("b");
  begin();
  begin();
  push("c");
  push("resumed", { supervisorId: "sup" });
  expect(explain("c")).toMatchObject({ reason: "RATE_LIMIT", endsInMs: 500 });
  expect(explain("resumed")?.reason).toBe("BEHIND_OTHERS");
  pass(500);
  expect(explain("c")?.reason).toBe("BEHIND_OTHERS");
});

test("without limits it is the supervisors, or the runs before it", () => {
  const { push, explain } = setUp();
  push("a");
  push("b");
  push("bound", { supervisorId: "sup" });
  expect(explain("b", { size: 0, haveCredits: false })?.reason).toBe("NO_SUPERVISOR");
  expect(explain("b", { haveCredits: false })).toMatchObject({
    reason: "SUPERVISORS_BUSY",
    message: "All 2 supervisors are busy. 1 runs of its line go before it.",
  });
  expect(explain("b")).toMatchObject({ reason: "BEHIND_OTHERS" });
  expect(explain("bound", { canTake: () => false })?.reason).toBe("BOUND_SUPERVISOR");
});

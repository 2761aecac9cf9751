import { expect, test } from "vitest";
import { explainHold, type SupervisorsView } from "./explain-hold.ts";
import { ALL_MACHINES, machineIndexOf, offerOf } from "./machines.ts";
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
  const supervisors: SupervisorsView = {
    size: 2,
    offeredMachines: ALL_MACHINES,
    countOffering: () => 2,
    canAnyTake: () => true,
    canTake: () => true,
  };
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
        machine: "",
        ...more,
      }),
    begin: () => {
      const run = ready.next();
      if (run !== undefined) ready.claimed(run, `token of ${run.runId}`, 0);
    },
    pass: (ms: number) => (nowMs += ms),
    explain: (runId: string, view: Partial<SupervisorsView> = {}) =>
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

test("a run whose machine nobody offers says which it needs and what is offered, whatever limits its queue has", () => {
  const { ready, push, begin, explain } = setUp();
  ready.setQueue({ ...limits, concurrencyLimit: 1 });
  push("small", { machine: "small-1x" });
  begin();
  push("large", { machine: "large-1x", queueTimeUs: 0 });
  push("next", { machine: "small-1x", queueTimeUs: 2 });
  const view = {
    offeredMachines: offerOf(["small-1x", "micro"]) ?? 0,
    countOffering: (machine: number) => (machine === machineIndexOf("large-1x") ? 0 : 2),
  };
  expect(explain("large", view)).toMatchObject({
    reason: "NO_MACHINE",
    message: "It needs machine large-1x, and no supervisor offers that. Offered: micro, small-1x.",
  });
  expect(explain("large")?.reason).toBe("CONCURRENCY_LIMIT");
  expect(explain("large", { ...view, size: 0 })?.reason).toBe("CONCURRENCY_LIMIT");
  ready.setQueue(limits);
  expect(explain("large", { ...view, size: 0 })?.reason).toBe("NO_SUPERVISOR");
  expect(explain("next", view)?.message).toContain("It is the next of its line.");
  ready.setQueue({ ...limits, isPaused: true });
  expect(explain("large", view)?.reason).toBe("QUEUE_PAUSED");
});

test("supervisors that are busy are those that offer its machine", () => {
  const { push, explain } = setUp();
  push("large", { machine: "large-1x" });
  expect(explain("large", { countOffering: () => 1, canAnyTake: () => false })).toMatchObject({
    reason: "SUPERVISORS_BUSY",
    message: "All 1 supervisors that offer machine large-1x are busy. It is the next of its line.",
  });
});

test("a resume waits for the supervisor that has its process, as long as that one is away or busy, whatever machines are offered", () => {
  const { push, explain } = setUp();
  push("resumed", { supervisorId: "sup_1", machine: "large-1x" });
  const isAway = { canTake: (supervisorId: string) => supervisorId !== "sup_1", countOffering: () => 0 };
  expect(explain("resumed", isAway)).toMatchObject({
    reason: "BOUND_SUPERVISOR",
    message: "Supervisor sup_1, which has its suspended process, is away or busy.",
  });
  expect(explain("resumed", { ...isAway, canTake: () => true })?.reason).toBe("BEHIND_OTHERS");
});

test("a run behind others says how many of its line go before it; those of another key, and resumes, are not of its line", () => {
  const { push, begin, explain } = setUp();
  push("other", { concurrencyKey: "k" });
  push("resumed", { supervisorId: "sup" });
  for (const [index, runId] of ["a", "b", "c"].entries()) push(runId, { queueTimeUs: 10 + index });
  push("urgent", { queueTimeUs: 5 });
  const message = (runId: string) => explain(runId)?.message;
  expect(explain("c")?.reason).toBe("BEHIND_OTHERS");
  expect(message("c")).toBe("Others go first, and it goes when its turn comes. 3 runs of its line go before it.");
  expect(message("urgent")).toBe("Others go first, and it goes when its turn comes. It is the next of its line.");
  begin();
  begin();
  expect(explain("urgent")).toBeUndefined();
  expect(message("c")).toContain("2 runs of its line go before it.");
});

test("without limits it is the supervisors, or the runs before it", () => {
  const { push, explain } = setUp();
  push("a");
  push("b");
  push("bound", { supervisorId: "sup" });
  expect(explain("b", { size: 0, canAnyTake: () => false })?.reason).toBe("NO_SUPERVISOR");
  expect(explain("b", { canAnyTake: () => false })).toMatchObject({
    reason: "SUPERVISORS_BUSY",
    message: "All 2 supervisors are busy. 1 runs of its line go before it.",
  });
  expect(explain("b")).toMatchObject({ reason: "BEHIND_OTHERS" });
  expect(explain("bound", { canTake: () => false })?.reason).toBe("BOUND_SUPERVISOR");
});

import { ErrorReason } from "@windlass/proto";
import { expect, test } from "vitest";
import { DispatchLoop } from "./dispatch-loop.ts";
import { createQueueMetrics } from "./metrics.ts";
import { ReadyQueues } from "./ready-queues.ts";
import {
  failureOf,
  names,
  noLimits,
  nothingNext,
  readyRun,
  recordSpans,
  setUpDispatch,
  settle,
} from "./testing/dispatch.ts";
import { untraced } from "./testing/parts.ts";

test("what is there at one moment goes in one message, and its leases are pushed", async () => {
  const { tell, connect, sent } = setUpDispatch();
  const { leases } = connect("sup", 10);
  tell("a", "b");
  tell("c");
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["a", "b", "c"]]);
  sent[0]?.answer();
  await settle();
  expect(leases.runIds).toEqual(["a", "b", "c"]);
});

test("no more is claimed than there are credits; those that come later are used at once", async () => {
  const { tell, connect, sent, supervisors } = setUpDispatch();
  const { session } = connect("sup", 2);
  tell("a", "b", "c");
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["a", "b"]]);
  supervisors.grant(session, 1);
  await settle();
  expect(sent[1]?.runIds).toEqual(["c"]);
});

test("at most 1,000 go in a message and two messages are in flight; what comes meanwhile gathers", async () => {
  const { tell, connect, sent } = setUpDispatch();
  connect("sup", 10_000);
  tell(...names(2_500));
  await settle();
  expect(sent.map(({ runIds }) => runIds.length)).toEqual([1_000, 1_000]);
  tell("late");
  await settle();
  expect(sent).toHaveLength(2);
  sent[0]?.answer();
  await settle();
  expect(sent[2]?.runIds).toEqual([...names(2_500).slice(2_000), "late"]);
});

test("work spreads over supervisors by their credits", async () => {
  const { tell, connect, sent } = setUpDispatch();
  connect("sup1", 3);
  connect("sup2", 3);
  tell(...names(4));
  await settle();
  const bySupervisor = Object.groupBy(sent[0]?.claims ?? [], ({ supervisorId }) => supervisorId);
  expect(bySupervisor["sup1"]).toHaveLength(2);
  expect(bySupervisor["sup2"]).toHaveLength(2);
});

test("a run whose suspended process is at a supervisor goes to that one alone, ahead of new runs", async () => {
  const { tell, tellBound, connect, sent } = setUpDispatch();
  connect("rich", 10);
  tell(...names(3, "new"));
  tellBound("poor", "resumed");
  connect("poor", 1);
  await settle();
  const [claims] = sent.map((message) => message.claims.map(({ runId, supervisorId }) => `${runId} ${supervisorId}`));
  expect(claims).toEqual(["resumed poor", "new00000 rich", "new00001 rich", "new00002 rich"]);
});

test("runs for a supervisor that is gone or has no credit wait, and block nobody; they go as soon as it has one", async () => {
  const { tell, tellBound, connect, sent, ready, supervisors } = setUpDispatch();
  tellBound("gone", "a");
  tellBound("busy", "b");
  const busy = connect("busy", 0);
  connect("free", 5);
  tell("c");
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["c"]]);
  expect(ready.size).toBe(2);
  supervisors.grant(busy.session, 1);
  await settle();
  expect(sent[1]?.claims).toMatchObject([{ runId: "b", supervisorId: "busy" }]);
});

test("a bound run whose claim is refused as not queued is forgotten; refused for an expired supervisor it waits", async () => {
  const { tellBound, connect, sent, ready } = setUpDispatch();
  connect("sup", 5);
  tellBound("sup", "canceled");
  await settle();
  sent[0]?.answer(() => ErrorReason.RUN_NOT_QUEUED);
  await settle();
  expect(ready.size).toBe(0);
  tellBound("sup", "waits");
  await settle();
  sent[1]?.answer(() => ErrorReason.SUPERVISOR_EXPIRED);
  await settle();
  expect([ready.size, [...ready.boundSupervisorIds()]]).toEqual([1, ["sup"]]);
});

test("leases reach a supervisor in the order of the queue, even when the second message is answered first", async () => {
  const { tell, connect, sent } = setUpDispatch();
  const { leases } = connect("sup", 10_000);
  tell(...names(1_500));
  await settle();
  sent[1]?.answer();
  await settle();
  expect(leases.runIds).toEqual([]);
  sent[0]?.answer();
  await settle();
  expect(leases.runIds).toEqual(names(1_500));
});

test("a run that is not queued any more is forgotten, and its credit is used for another", async () => {
  const { tell, connect, sent, ready } = setUpDispatch();
  connect("sup", 1);
  tell("gone", "next");
  await settle();
  sent[0]?.answer(() => ErrorReason.RUN_NOT_QUEUED);
  await settle();
  expect(sent[1]?.runIds).toEqual(["next"]);
  expect(ready.size).toBe(0);
});

test("an expired supervisor is told so and forgotten; its runs go to others, in their old place", async () => {
  const { tell, connect, sent, supervisors } = setUpDispatch();
  const expired = connect("expired", 5);
  tell("a", "b");
  await settle();
  tell("c");
  connect("alive", 5);
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["a", "b"], ["c"]]);
  sent[0]?.answer(() => ErrorReason.SUPERVISOR_EXPIRED);
  await settle();
  await expect(expired.leases.ended).resolves.toMatchObject({ reason: ErrorReason.SUPERVISOR_EXPIRED });
  expect(supervisors.size).toBe(1);
  sent[1]?.answer();
  await settle();
  const last = sent.at(-1);
  expect(last?.runIds).toEqual(["a", "b"]);
  expect(last?.claims.map(({ supervisorId }) => supervisorId)).toEqual(["alive", "alive"]);
});

test("a run refused for another reason waits again; its neighbours are pushed", async () => {
  const { tell, connect, sent, failures } = setUpDispatch();
  const { leases } = connect("sup", 10);
  tell("a", "heavy", "c");
  await settle();
  sent[0]?.answer(({ runId }) => (runId === "heavy" ? ErrorReason.OVERLOADED : undefined));
  await settle();
  expect(leases.runIds).toEqual(["a", "c"]);
  expect(sent[1]?.runIds).toEqual(["heavy"]);
  expect(failures).toEqual([]);
});

test("when nothing at all can be claimed, the loop gives up instead of asking again and again", async () => {
  const { tell, connect, sent, failures } = setUpDispatch();
  connect("sup", 10);
  tell("a");
  await settle();
  sent[0]?.answer(() => ErrorReason.INTERNAL);
  await settle();
  expect(failures).toMatchObject([{ reason: ErrorReason.INTERNAL }]);
  expect(sent).toHaveLength(1);
});

test.each([ErrorReason.EPOCH_STALE, ErrorReason.NOT_READY])(
  "a refused message (%i) ends the epoch, and every credit is free again",
  async (reason) => {
    const { tell, connect, sent, failures, supervisors, loop } = setUpDispatch();
    const { session } = connect("sup", 3);
    tell("a", "b");
    await settle();
    sent[0]?.answerWhole(reason);
    await settle();
    expect(failures).toMatchObject([{ reason }]);
    expect(supervisors.balance(session)).toBe(3);
    tell("c");
    await settle();
    expect(sent).toHaveLength(1);
    await loop.close();
  },
);

test("a break is reported once, and the claims of the other message are still pushed", async () => {
  const { tell, connect, sent, failures } = setUpDispatch();
  const { leases } = connect("sup", 10_000);
  tell(...names(1_200));
  await settle();
  sent[0]?.fail(failureOf(ErrorReason.NOT_READY));
  sent[1]?.answer();
  await settle();
  expect(failures).toHaveLength(1);
  expect(leases.runIds).toEqual(names(1_200).slice(1_000));
});

test("a claim without a result is a refusal, not a lease", async () => {
  const { tell, connect, sent } = setUpDispatch();
  const { leases } = connect("sup", 10);
  tell("a", "b");
  await settle();
  sent[0]?.answerAllButLast();
  await settle();
  expect(leases.runIds).toEqual(["a"]);
  expect(sent[1]?.runIds).toEqual(["b"]);
});

test("close resolves when the claims in flight are pushed, and no more are sent", async () => {
  const { tell, connect, sent, loop } = setUpDispatch();
  const { leases } = connect("sup", 10);
  tell("a");
  await settle();
  const closed = loop.close();
  tell("b");
  sent[0]?.answer();
  await closed;
  await settle();
  expect(leases.runIds).toEqual(["a"]);
  expect(sent).toHaveLength(1);
});

test("each run has a dispatch span under its own trace, which the claim hands on", async () => {
  const spans = recordSpans();
  const { ready, loop, connect, sent } = setUpDispatch(spans.telemetry);
  connect("sup", 10);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  ready.push({ ...readyRun("a", 1), traceparent });
  loop.wake();
  await settle();
  expect(sent[0]?.claims[0]?.traceparent).toBe("00-0af7651916cd43dd8448eb211c80319c-00000000000000a1-01");
  expect(spans.ended).toEqual([]);
  sent[0]?.answer();
  await settle();
  expect(spans.ended).toEqual(["queue dispatch of a"]);
});

test("a slot is in use from the claim on, and free again when the claim is refused", async () => {
  const { ready, tell, connect, sent } = setUpDispatch();
  ready.setQueue({ ...noLimits, concurrencyLimit: 1 });
  connect("sup", 10);
  tell("a", "b", "c");
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["a"]]);
  sent[0]?.answer(() => ErrorReason.RUN_NOT_QUEUED);
  await settle();
  expect(sent[1]?.runIds).toEqual(["b"]);
  sent[1]?.answer();
  await settle();
  expect(sent).toHaveLength(2);
  ready.freed("b", "token of b");
  tell();
  await settle();
  expect(sent[2]?.runIds).toEqual(["c"]);
});

test("a resume goes before new runs of its key when a slot becomes free", async () => {
  const { ready, tell, tellBound, connect, sent } = setUpDispatch();
  ready.setQueue({ ...noLimits, concurrencyLimit: 1 });
  connect("sup", 10);
  tell("a", "b");
  await settle();
  sent[0]?.answer();
  tellBound("sup", "resumed");
  await settle();
  expect(sent).toHaveLength(1);
  ready.freed("a", "token of a");
  tell();
  await settle();
  expect(sent[1]?.runIds).toEqual(["resumed"]);
});

test("what a rate limit holds back goes by itself at its moment", async () => {
  const { ready, clock, tell, connect, sent, loop } = setUpDispatch();
  connect("sup", 10);
  tell("first");
  ready.setQueue({ ...noLimits, rateLimit: { limit: 1, periodMs: 1_000, isPerKey: false } });
  tell("a");
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["first"]]);
  await clock.advance(999);
  expect(sent).toHaveLength(1);
  await clock.advance(1);
  await settle();
  expect(sent[1]?.runIds).toEqual(["a"]);
  tell("b");
  await settle();
  const closed = loop.close();
  for (const claim of sent) claim.answer();
  await closed;
  expect(clock.pendingTimers).toBe(0);
});

test("shards take turns at the credits, and a shard without work leaves them to the others", async () => {
  const { supervisors, turns, clock, tell, sent } = setUpDispatch();
  const other = new ReadyQueues(() => 0);
  other.leasedComplete(0);
  const claimed: string[][] = [];
  const loop = new DispatchLoop({
    ready: other,
    supervisors,
    turns,
    next: nothingNext,
    claimRuns: (claims) => {
      claimed.push(claims.map(({ runId }) => runId));
      return new Promise(() => undefined);
    },
    onFailure: () => undefined,
    clock,
    telemetry: untraced,
    metrics: createQueueMetrics(untraced, { queues: () => [], shardCount: () => 0 }),
  });
  for (const [index, runId] of names(2, "other").entries()) other.push(readyRun(runId, index));
  tell(...names(6));
  const session = supervisors.open("sup");
  supervisors.grant(session, 6);
  await settle();
  expect(claimed).toEqual([names(2, "other")]);
  expect(sent.map(({ runIds }) => runIds)).toEqual([names(4)]);
  void loop.close();
});

test("a run goes only to a supervisor that offers its machine; one whose machine nobody offers holds nobody up, and goes at once when it is offered", async () => {
  const { ready, connect, sent } = setUpDispatch();
  const machines = ["large-1x", "micro", "small-1x", "large-1x", "micro"];
  for (const [index, machine] of machines.entries()) ready.push({ ...readyRun(`${machine} ${index}`, index), machine });
  connect("small", 10, ["micro", "small-1x"]);
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["micro 1", "small-1x 2", "micro 4"]]);
  connect("large", 1, ["large-1x"]);
  await settle();
  expect(sent[1]?.claims).toMatchObject([{ runId: "large-1x 0", supervisorId: "large" }]);
  connect("all", 10);
  await settle();
  expect(sent).toHaveLength(2);
  sent[0]?.answer();
  await settle();
  expect(sent[2]?.claims).toMatchObject([{ runId: "large-1x 3", supervisorId: "all" }]);
});

test("a supervisor with the machine that is busy does not hold up what others can have", async () => {
  const { ready, loop, connect, sent } = setUpDispatch();
  connect("large", 0, ["large-1x"]);
  connect("small", 2, ["small-1x"]);
  ready.push({ ...readyRun("a", 1), machine: "large-1x" });
  ready.push({ ...readyRun("b", 2), machine: "small-1x" });
  loop.wake();
  await settle();
  expect(sent.map(({ runIds }) => runIds)).toEqual([["b"]]);
});

test("a run whose lease needs another machine than was told is given back, and does not come to such a supervisor again", async () => {
  const { ready, loop, connect, sent } = setUpDispatch();
  const { leases } = connect("small", 10, ["small-1x"]);
  ready.push({ ...readyRun("a", 1), machine: "small-1x" });
  loop.wake();
  await settle();
  sent[0]?.answer(() => undefined, "large-1x");
  await settle();
  expect(leases.runIds).toEqual(["a"]);
  ready.freed("a", "token of a");
  ready.push(readyRun("a", 1));
  loop.wake();
  await settle();
  expect(sent).toHaveLength(1);
  connect("large", 1, ["large-1x"]);
  await settle();
  expect(sent[1]?.claims).toMatchObject([{ runId: "a", supervisorId: "large" }]);
});

import { create } from "@bufbuild/protobuf";
import { ClaimRunsResponseSchema, type ClaimRunsResponse, ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyLine } from "./lines.ts";
import { MAX_NEXT_CLAIMS, NextClaims, type NextClaimInit } from "./next-claims.ts";
import { ReadyQueues } from "./ready-queues.ts";
import { Supervisors } from "./supervisors.ts";
import { failureOf, noLimits, readyRun } from "./testing/dispatch.ts";
import { untraced } from "./testing/parts.ts";
import { createQueueMetrics } from "./metrics.ts";

const line = { environmentId: "env", queue: "q", concurrencyKey: "", machineIndex: 0 };

interface Asked extends NextClaimInit {
  answer(...runIds: string[]): Promise<void>;
  fail(failure: CallFailure): Promise<void>;
}

const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));

function setUp(recallAnswered: Promise<unknown> = Promise.resolve()) {
  const ready = new ReadyQueues(() => 0);
  ready.leasedComplete(0);
  const supervisors = new Supervisors();
  const asked: Asked[] = [];
  const failures: CallFailure[] = [];
  let recalls = 0;
  const next = new NextClaims({
    ready,
    supervisors,
    claimNext: (claim) => {
      const { promise, resolve, reject } = Promise.withResolvers<ClaimRunsResponse>();
      asked.push({
        ...claim,
        answer: (...runIds) => {
          const results = runIds.map((runId) => {
            const ref = { environmentId: "env", runId, leaseToken: `token of ${runId}` };
            return { result: { case: "lease" as const, value: { ref } } };
          });
          resolve(create(ClaimRunsResponseSchema, { results }));
          return settle();
        },
        fail: (failure) => {
          reject(failure);
          return settle();
        },
      });
      return promise;
    },
    answerNext: () => {
      recalls += 1;
      return recallAnswered;
    },
    onFailure: (failure) => failures.push(failure),
    onSettled: () => undefined,
    telemetry: untraced,
    metrics: createQueueMetrics(untraced, { queues: () => [], shardCount: () => 0 }),
  });
  const connect = (credits: number) => {
    const session = supervisors.open("sup");
    supervisors.grant(session, credits);
    return session;
  };
  return { ready, supervisors, next, asked, failures, connect, recalls: () => recalls };
}

function slotsIn(ready: ReadyQueues): number {
  const { running, reserved } = ready.stateOf("env", "q");
  return running + reserved;
}

test("while nothing waits, the next runs of the line that had the last one are asked for, with half of the credits at most", () => {
  const { supervisors, next, asked, connect } = setUp();
  const session = connect(8);
  next.review({ isQuiet: true });
  expect(asked).toEqual([]);
  next.note(line);
  next.review({ isQuiet: true });
  expect(asked.map(({ queue, supervisorId, count }) => [queue, supervisorId, count])).toEqual([
    ["q", "sup", 4],
    ["q", "sup", 2],
  ]);
  expect(supervisors.balance(session)).toBe(2);
  next.review({ isQuiet: true });
  expect(asked).toHaveLength(2);
});

test("what comes is pushed and holds its slot; the slots and credits of the others are free again; only what was leased counts as running", async () => {
  const { ready, supervisors, next, asked, connect } = setUp();
  const session = connect(8);
  next.note(line);
  next.review({ isQuiet: true });
  expect(ready.stateOf("env", "q")).toMatchObject({ running: 0, reserved: 6 });
  const pushed = session.next();
  await asked[0]?.answer("a");
  expect((await pushed).value?.leases).toMatchObject([{ ref: { runId: "a" } }]);
  expect(ready.stateOf("env", "q")).toMatchObject({ running: 1, reserved: 2 });
  expect(supervisors.balance(session)).toBe(5);
  ready.freed("a", "token of a");
  expect(ready.stateOf("env", "q")).toMatchObject({ running: 0, reserved: 2 });
});

test("a queue that is paused or has a rate is asked for nothing, and the last slot of a limit is left to runs that wait", () => {
  const { ready, next, asked, connect } = setUp();
  connect(100);
  next.note(line);
  for (const limits of [
    { isPaused: true },
    { rateLimit: { limit: 9, periodMs: 1_000, isPerKey: false } },
    { concurrencyLimit: 1 },
  ]) {
    ready.setQueue({ ...noLimits, ...limits });
    next.review({ isQuiet: true });
    expect(asked).toEqual([]);
  }
  ready.setQueue({ ...noLimits, concurrencyLimit: 17 });
  next.review({ isQuiet: true });
  expect(asked.map(({ count }) => count)).toEqual([16]);
});

test("all is recalled when a run waits that could have its slot, when its credits are needed, and when its supervisor leaves", async () => {
  for (const need of ["slot", "credit", "leaving"] as const) {
    const { ready, supervisors, next, asked, connect, recalls } = setUp();
    const session = connect(4);
    ready.setEnvironment("env", 3);
    next.note(line);
    next.review({ isQuiet: true });
    expect(asked.map(({ count }) => count)).toEqual([2]);
    expect(recalls()).toBe(0);
    if (need === "slot") {
      ready.push(readyRun("x", 1));
      ready.push(readyRun("y", 2));
      ready.next();
      next.review({ isQuiet: true });
    } else if (need === "credit") next.yieldTo(() => true);
    else {
      supervisors.finish(session);
      next.review({ isQuiet: true });
    }
    expect(recalls()).toBe(1);
    next.review({ isQuiet: true });
    expect(recalls()).toBe(1);
    await asked[0]?.answer();
    expect(slotsIn(ready)).toBe(need === "slot" ? 1 : 0);
  }
});

test("however many lines have runs, no more messages wait than the claim stream takes; a line that has runs again gets the place of those that have none any more", async () => {
  const { next, asked, connect, recalls } = setUp();
  connect(1_000);
  const keys = Array.from({ length: 20 }, (_, nth) => `key${nth}`);
  for (const concurrencyKey of keys) {
    next.note({ ...line, concurrencyKey });
    next.review({ isQuiet: true });
  }
  expect([asked.length, recalls()]).toEqual([MAX_NEXT_CLAIMS, 0]);
  next.note({ ...line, concurrencyKey: "key19" });
  next.review({ isQuiet: true });
  expect([asked.length, recalls()]).toEqual([MAX_NEXT_CLAIMS, 1]);
  for (const each of asked.splice(0)) await each.answer();
  next.review({ isQuiet: true });
  expect(new Set(asked.map(({ concurrencyKey }) => concurrencyKey))).toEqual(new Set(keys.slice(-4)));
  next.note({ ...line, concurrencyKey: "key19" });
  next.review({ isQuiet: true });
  expect([asked.length, recalls()]).toEqual([MAX_NEXT_CLAIMS, 1]);
});

test("nothing is asked for, or recalled again, before the recall itself is answered: what is unanswered has a bound", async () => {
  const recall = Promise.withResolvers<void>();
  const { next, asked, connect, recalls } = setUp(recall.promise);
  connect(2);
  next.note(line);
  next.review({ isQuiet: true });
  next.recall();
  await asked[0]?.answer();
  next.review({ isQuiet: true });
  expect([asked.length, recalls()]).toEqual([1, 1]);
  recall.resolve();
  await settle();
  next.review({ isQuiet: true });
  expect([asked.length, recalls()]).toEqual([2, 1]);
});

test("a broken stream frees what it held, and ends the epoch", async () => {
  const { ready, supervisors, next, asked, failures, connect } = setUp();
  const session = connect(2);
  next.note(line);
  next.review({ isQuiet: true });
  await asked[0]?.fail(failureOf(ErrorReason.NOT_READY));
  expect(failures).toMatchObject([{ reason: ErrorReason.NOT_READY }]);
  expect(slotsIn(ready)).toBe(0);
  expect(supervisors.balance(session)).toBe(2);
});

test("a close recalls, waits for the answers, and nothing is asked for any more", async () => {
  const { next, asked, connect, recalls } = setUp();
  connect(2);
  next.note(line);
  next.review({ isQuiet: true });
  let isClosed = false;
  const closing = next.close().then(() => (isClosed = true));
  expect(recalls()).toBe(1);
  await settle();
  expect(isClosed).toBe(false);
  await asked[0]?.answer();
  await closing;
  next.review({ isQuiet: true });
  expect(asked).toHaveLength(1);
});

test("whatever is reserved, comes, is told besides, is listed and ends, in whatever order: a limit is never exceeded, and every slot is free in the end", () => {
  const anyStep = fc.record({
    kind: fc.constantFrom("reserve", "come", "giveBack", "tell", "claim", "refuse", "end", "list"),
    count: fc.integer({ min: 1, max: 3 }),
    pick: fc.nat(),
  });
  const limit = 4;
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const ready = new ReadyQueues(() => 0);
      ready.leasedComplete(0);
      ready.setQueue({ ...noLimits, concurrencyLimit: limit });
      const reserved: KeyLine[] = [];
      /** Leases as the run-store has them, by run; those that the queue has not heard of yet have none of its slots. */
      const leases = new Map<string, string>();
      const claiming = new Map<string, NonNullable<ReturnType<ReadyQueues["next"]>>>();
      let named = 0;
      const end = (runId: string): void => {
        ready.freed(runId, leases.get(runId) ?? "");
        leases.delete(runId);
      };
      const refuse = (runId: string): void => {
        const run = claiming.get(runId);
        claiming.delete(runId);
        if (run !== undefined) ready.notClaimed(run);
      };
      const steer = ({ kind, count, pick }: (typeof steps)[number]): void => {
        const leased = [...leases.keys()][pick % Math.max(1, leases.size)];
        const asked = [...claiming.keys()][pick % Math.max(1, claiming.size)];
        if (kind === "reserve") {
          const own = ready.reserve(line, count);
          if (own !== undefined) for (let nth = 0; nth < count; nth += 1) reserved.push(own);
        } else if (kind === "come" || kind === "giveBack") {
          const own = reserved.pop();
          if (own === undefined) return;
          if (kind === "giveBack") return ready.giveBack(own, 1);
          const runId = `run${(named += 1)}`;
          leases.set(runId, `token ${runId}`);
          // The sweep may have told it too, and a claim of it be on its way.
          if (pick % 2 === 0) ready.push(readyRun(runId, named));
          const other = pick % 4 === 0 ? ready.next() : undefined;
          if (other !== undefined) claiming.set(other.runId, other);
          ready.claimedAhead(own, runId, leases.get(runId) ?? "");
        } else if (kind === "tell") ready.push(readyRun(`told${(named += 1)}`, named));
        else if (kind === "claim") {
          const run = ready.next();
          if (run !== undefined) claiming.set(run.runId, run);
        } else if (kind === "refuse" && asked !== undefined) refuse(asked);
        else if (kind === "end" && leased !== undefined && !claiming.has(leased)) end(leased);
        else if (kind === "list") {
          for (const [runId, leaseToken] of leases) ready.leased({ ...line, runId, leaseToken });
          ready.leasedComplete(0);
        }
      };
      for (const step of steps) {
        steer(step);
        expect(slotsIn(ready)).toBeLessThanOrEqual(limit);
      }
      for (const runId of claiming.keys()) refuse(runId);
      for (const own of reserved) ready.giveBack(own, 1);
      for (const runId of leases.keys()) end(runId);
      expect(slotsIn(ready)).toBe(0);
    }),
  );
});

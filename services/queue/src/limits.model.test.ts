import assert from "node:assert/strict";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { RateLimit } from "./cell-rate.ts";
import { explainHold } from "./explain-hold.ts";
import type { WaitingRun } from "./lines.ts";
import { offerOf } from "./machines.ts";
import { ReadyQueues } from "./ready-queues.ts";
import { Supervisors } from "./supervisors.ts";
import type { ReadyRun } from "./waiting-line.ts";

const environmentIds = ["env1", "env2"];
const queueNames = ["x", "y"];
const keys = ["", "k", "l"];
const supervisorIds = ["sup1", "sup2"];
/** "": not known, so that anybody can have it. */
const machines = ["", "micro", "large-1x"];
/** What a supervisor offers; nothing said is everything. */
const offers = [[], ["micro"], ["large-1x", "large-2x"], ["small-1x"]];

const anyLine = {
  environmentId: fc.constantFrom(...environmentIds),
  queue: fc.constantFrom(...queueNames),
};
const anyLimit = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
const anyRate = fc.option(
  fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    periodMs: fc.constantFrom(1_000, 10_000),
    isPerKey: fc.boolean(),
  }),
  { nil: undefined, freq: 2 },
);
const anyCommand = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("push" as const),
      ...anyLine,
      concurrencyKey: fc.constantFrom(...keys),
      // Head starts by priority: places are not in the order of coming.
      queueTimeUs: fc.integer({ min: 0, max: 50 }),
      supervisorId: fc.constantFrom("", "", "", ...supervisorIds),
      machine: fc.constantFrom(...machines),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("next" as const),
      isRefused: fc.boolean(),
      offered: fc.constantFrom(...offers),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("resume" as const), supervisorId: fc.constantFrom(...supervisorIds) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("end" as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 3_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("queue" as const),
      ...anyLine,
      concurrencyLimit: anyLimit,
      isPaused: fc.boolean(),
      rateLimit: anyRate,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("environment" as const),
      environmentId: fc.constantFrom(...environmentIds),
      concurrencyLimit: anyLimit,
    }),
  },
);

const holdReasons = ["QUEUE_PAUSED", "CONCURRENCY_LIMIT", "ENVIRONMENT_LIMIT", "RATE_LIMIT", "NO_MACHINE"];

interface Limits {
  concurrencyLimit: number | undefined;
  isPaused: boolean;
  rateLimit: RateLimit | undefined;
}

const noLimits: Limits = { concurrencyLimit: undefined, isPaused: false, rateLimit: undefined };

/** What waits and executes, kept as plainly as can be: every question is answered by looking at everything. */
class Model {
  nowMs = 0;
  waiting: ReadyRun[] = [];
  executing: WaitingRun[] = [];
  readonly environmentLimits = new Map<string, number | undefined>();
  readonly queueLimits = new Map<string, Limits>();
  /** Of each queue or key with a rate limit: when its allowance is whole. */
  readonly wholeAtMs = new Map<string, number>();

  limitsOf({ environmentId, queue }: { environmentId: string; queue: string }): Limits {
    return this.queueLimits.get(`${environmentId}/${queue}`) ?? noLimits;
  }

  /** Whether a slot is free for it. */
  hasSlot(run: ReadyRun): boolean {
    const { concurrencyLimit = Infinity, isPaused } = this.limitsOf(run);
    const ofEnvironment = this.executing.filter(({ environmentId }) => environmentId === run.environmentId);
    return (
      !isPaused &&
      ofEnvironment.length < (this.environmentLimits.get(run.environmentId) ?? Infinity) &&
      ofEnvironment.filter((other) => isOfLine(other, run)).length < concurrencyLimit
    );
  }

  mayBegin(run: ReadyRun): boolean {
    const { rateLimit: rate } = this.limitsOf(run);
    if (!this.hasSlot(run)) return false;
    return rate === undefined || this.wholeAt(run, rate) - rate.periodMs + rate.periodMs / rate.limit <= this.nowMs;
  }

  begin(run: ReadyRun): void {
    const { rateLimit: rate } = this.limitsOf(run);
    if (rate === undefined || run.supervisorId !== "") return;
    const whole = Math.max(this.nowMs, this.wholeAt(run, rate)) + rate.periodMs / rate.limit;
    this.wholeAtMs.set(scope(run, rate), whole);
  }

  giveBack(run: ReadyRun): void {
    const { rateLimit: rate } = this.limitsOf(run);
    if (rate === undefined || run.supervisorId !== "") return;
    this.wholeAtMs.set(scope(run, rate), this.wholeAt(run, rate) - rate.periodMs / rate.limit);
  }

  setRate(environmentId: string, queue: string, rate: RateLimit | undefined): void {
    for (const [name, wholeAtMs] of this.wholeAtMs) {
      if (!name.startsWith(`${environmentId}/${queue}/`)) continue;
      const isPerKey = !name.endsWith("/all");
      if (rate?.isPerKey !== isPerKey) this.wholeAtMs.delete(name);
      else this.wholeAtMs.set(name, Math.min(wholeAtMs, this.nowMs + rate.periodMs));
    }
  }

  wholeAt(run: ReadyRun, rate: RateLimit): number {
    return this.wholeAtMs.get(scope(run, rate)) ?? -Infinity;
  }
}

function scope(run: ReadyRun, rate: RateLimit): string {
  return `${run.environmentId}/${run.queue}/${rate.isPerKey ? `key ${run.concurrencyKey}` : "all"}`;
}

function isOfLine(run: ReadyRun, other: ReadyRun): boolean {
  return (
    run.environmentId === other.environmentId &&
    run.queue === other.queue &&
    run.concurrencyKey === other.concurrencyKey
  );
}

function isAmong(offered: readonly string[], { machine }: ReadyRun): boolean {
  return offered.length === 0 || machine === "" || offered.includes(machine);
}

function byPlace(a: ReadyRun, b: ReadyRun): number {
  return a.queueTimeUs - b.queueTimeUs || (a.runId < b.runId ? -1 : 1);
}

/** The queues under test and the model beside them; every step is checked. */
class Bench {
  readonly model = new Model();
  readonly ready = new ReadyQueues(() => this.model.nowMs);
  #lastId = 0;

  constructor() {
    // Limits that are told before the first run begin with part of their allowance used; here they are all told later.
    const names = { environmentId: "env1", queue: "x", concurrencyKey: "", supervisorId: "", machine: "" };
    this.ready.push(this.#newRun({ ...names, queueTimeUs: 0 }));
    this.ready.leasedComplete(0);
    const first = this.ready.next();
    if (first !== undefined) this.ready.notClaimed(first);
  }

  push(told: Omit<ReadyRun, "runId" | "traceparent">): void {
    const run = this.#newRun(told);
    this.model.waiting.push(run);
    assert(this.ready.push(run));
  }

  /** Takes the next for who offers these machines; it is the first of a line that may go, and there is one whenever any may go. */
  next(isRefused: boolean, offered: readonly string[] = []): boolean {
    const { model, ready } = this;
    const mayGo = model.waiting.filter(
      (run) => run.supervisorId === "" && isAmong(offered, run) && model.mayBegin(run),
    );
    const run = ready.next(offerOf(offered));
    assert.equal(run === undefined, mayGo.length === 0);
    if (run === undefined) {
      this.#checkHolds(offered);
      return false;
    }
    const line = mayGo.filter((other) => isOfLine(other, run));
    assert.equal(run.runId, line.toSorted(byPlace)[0]?.runId);
    this.#begin(run, isRefused);
    return true;
  }

  /** The same for those that only this supervisor can have. */
  resume(supervisorId: string): boolean {
    const { model, ready } = this;
    const mayGo = model.waiting.filter((run) => run.supervisorId === supervisorId && model.hasSlot(run));
    const run = ready.nextBoundTo(supervisorId);
    assert.equal(run === undefined, mayGo.length === 0);
    if (run === undefined) return false;
    const line = mayGo.filter((other) => isOfLine(other, run));
    assert.equal(run.runId, line.toSorted(byPlace)[0]?.runId);
    this.#begin(run, false);
    return true;
  }

  end(pick: number): void {
    const { executing } = this.model;
    const [run] = executing.splice(executing.length === 0 ? 0 : pick % executing.length, 1);
    if (run !== undefined) this.ready.freed(run.runId, tokenOf(run));
  }

  setQueue(environmentId: string, queue: string, limits: Limits): void {
    this.model.queueLimits.set(`${environmentId}/${queue}`, limits);
    this.model.setRate(environmentId, queue, limits.rateLimit);
    this.ready.setQueue({ environmentId, queue, ...limits });
  }

  setEnvironment(environmentId: string, limit: number | undefined): void {
    this.model.environmentLimits.set(environmentId, limit);
    this.ready.setEnvironment(environmentId, limit);
  }

  #begin(run: WaitingRun, isRefused: boolean): void {
    const { model, ready } = this;
    model.waiting = model.waiting.filter(({ runId }) => runId !== run.runId);
    model.begin(run);
    if (isRefused) {
      ready.notClaimed(run);
      model.giveBack(run);
      return;
    }
    ready.claimed(run, tokenOf(run), 0);
    model.executing.push(run);
  }

  /** When nothing may go, each run that waits says what holds it back, and that is true. */
  #checkHolds(offered: readonly string[]): void {
    const { model, ready } = this;
    const supervisors = new Supervisors();
    supervisors.grant(supervisors.open("sup", offerOf(offered)), 1);
    for (const run of model.waiting.filter(({ supervisorId }) => supervisorId === "")) {
      const hold = explainHold(ready, run.runId, model.nowMs, supervisors);
      assert(hold !== undefined && holdReasons.includes(hold.reason));
      const { isPaused } = model.limitsOf(run);
      assert.equal(hold.reason === "QUEUE_PAUSED", isPaused);
      assert.equal(hold.reason === "NO_MACHINE", !isPaused && !isAmong(offered, run));
      const executing = new Set(model.executing.map(({ runId }) => runId));
      assert(hold.runIds.every((id) => executing.has(id)));
      if (hold.endsInMs !== undefined) assert((ready.nextFreeAtMs ?? Infinity) <= model.nowMs + hold.endsInMs);
    }
  }

  #newRun(told: Omit<ReadyRun, "runId" | "traceparent">): ReadyRun {
    this.#lastId += 1;
    return { ...told, runId: `run_${String(this.#lastId).padStart(4, "0")}`, traceparent: "" };
  }
}

function tokenOf({ runId }: ReadyRun): string {
  return `token of ${runId}`;
}

test("model: never over a limit, never idle while somebody may go, in order within a key, and all goes in the end", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 150 }), (commands) => {
      const bench = new Bench();
      const { model, ready } = bench;
      for (const command of commands) {
        if (command.kind === "push") bench.push(command);
        else if (command.kind === "next") bench.next(command.isRefused, command.offered);
        else if (command.kind === "resume") bench.resume(command.supervisorId);
        else if (command.kind === "end") bench.end(command.pick);
        else if (command.kind === "pass") model.nowMs += command.ms;
        else if (command.kind === "queue") bench.setQueue(command.environmentId, command.queue, command);
        else bench.setEnvironment(command.environmentId, command.concurrencyLimit);
        expect(ready.size).toBe(model.waiting.length);
        for (const environmentId of environmentIds) {
          for (const queue of queueNames) {
            const isMeant = (run: ReadyRun): boolean => run.environmentId === environmentId && run.queue === queue;
            const waiting = model.waiting.filter(isMeant);
            expect(ready.stateOf(environmentId, queue)).toEqual({
              depth: waiting.length,
              running: model.executing.filter(isMeant).length,
              reserved: 0,
              oldestQueueTimeUs: waiting.toSorted(byPlace)[0]?.queueTimeUs,
            });
          }
        }
      }
      // Progress: with room for one, whatever waits goes in the end.
      for (const environmentId of environmentIds) {
        bench.setEnvironment(environmentId, 1);
        for (const queue of queueNames) bench.setQueue(environmentId, queue, { ...noLimits, concurrencyLimit: 1 });
      }
      while (model.waiting.length + model.executing.length > 0) {
        const hasGone = [...supervisorIds.map((id) => bench.resume(id)), bench.next(false)].includes(true);
        expect(hasGone || model.executing.length > 0).toBe(true);
        bench.end(0);
      }
      expect([...ready.states()]).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("100 keys with 10 runs beside one with 100,000 finish within twice what they need alone", () => {
  const ready = new ReadyQueues(() => 0);
  ready.leasedComplete(0);
  let lastId = 0;
  const push = (concurrencyKey: string, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      lastId += 1;
      ready.push({
        environmentId: "env",
        queue: "q",
        concurrencyKey,
        runId: `run_${lastId}`,
        queueTimeUs: lastId,
        traceparent: "",
        supervisorId: "",
        machine: "",
      });
    }
  };
  push("big", 100_000);
  for (let key = 0; key < 100; key += 1) push(`key ${key}`, 10);
  let picks = 0;
  for (let left = 1_000; left > 0; picks += 1) {
    if (ready.next()?.concurrencyKey !== "big") left -= 1;
  }
  expect(picks).toBeLessThan(2_000);
});

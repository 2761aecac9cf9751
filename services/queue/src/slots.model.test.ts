import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { WaitingRun } from "./lines.ts";
import { ReadyQueues } from "./ready-queues.ts";

const LIMIT = 2;
/** Passes with every step. */
const STEP_US = 4_000_000;
const anyCommand = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: "pick" as const }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("store" as const), isRefused: fc.nat({ max: 7 }).map((n) => n === 0) }),
  },
  { weight: 8, arbitrary: fc.constant({ kind: "answer" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      pick: fc.nat(),
      isNoticeLost: fc.boolean(),
      isQueuedAgain: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ kind: "notice" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "read list" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "tell list" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "tell all runs" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "take over" as const }) },
);

interface Claim {
  readonly run: WaitingRun;
  readonly epoch: number;
  /** What the store made of it; undefined while it has not. */
  outcome: { leaseToken: string; claimTimeUs: number } | "refused" | undefined;
}

interface Notice {
  readonly runId: string;
  readonly leaseToken: string;
}

/** A run-store whose word comes late or not at all, and the owner of its queue: one after the other, never two at once. */
class Cluster {
  readonly queued = new Set<string>();
  readonly leases = new Map<string, string>();
  /** Not yet told. */
  notices: Notice[] = [];
  list: { timeUs: number; leases: [string, string][] } | undefined;
  nowUs = 0;
  /** Sent, and not yet answered; of all epochs. */
  claims: Claim[] = [];
  ready = new ReadyQueues(() => 0);
  #epoch = 0;
  #lastToken = 0;

  constructor(runCount: number) {
    for (let index = 0; index < runCount; index += 1) this.queued.add(`run_${index}`);
    this.takeOver();
  }

  /** The epoch is bumped, then everything is listed: a claim of an older epoch cannot be stored any more. */
  takeOver(): void {
    this.#epoch += 1;
    this.notices = [];
    this.list = undefined;
    this.ready = new ReadyQueues(() => 0);
    this.ready.setQueue({
      environmentId: "env",
      queue: "q",
      concurrencyLimit: LIMIT,
      isPaused: false,
      rateLimit: undefined,
    });
    this.readList();
    this.tellList();
    for (const runId of this.queued) this.tell(runId);
  }

  tell(runId: string): void {
    const names = { environmentId: "env", queue: "q", concurrencyKey: "" };
    this.ready.push({ ...names, runId, queueTimeUs: 1, traceparent: "", supervisorId: "", machine: "" });
  }

  pick(): void {
    const run = this.ready.next();
    if (run !== undefined) this.claims.push({ run, epoch: this.#epoch, outcome: undefined });
  }

  store(isRefused: boolean): void {
    const claim = this.claims.find(({ outcome }) => outcome === undefined);
    if (claim === undefined) return;
    const { runId } = claim.run;
    if (isRefused || claim.epoch !== this.#epoch || !this.queued.delete(runId)) {
      claim.outcome = "refused";
      return;
    }
    this.#lastToken += 1;
    // The statement that is stored now began some time ago.
    claim.outcome = { leaseToken: `token ${this.#lastToken}`, claimTimeUs: this.nowUs - 30_000_000 };
    this.leases.set(runId, claim.outcome.leaseToken);
  }

  answer(): void {
    const index = this.claims.findIndex(({ outcome }) => outcome !== undefined);
    const [claim] = index === -1 ? [] : this.claims.splice(index, 1);
    // An answer to an older owner is nothing to this one.
    if (claim === undefined || claim.epoch !== this.#epoch) return;
    if (typeof claim.outcome === "object")
      this.ready.claimed(claim.run, claim.outcome.leaseToken, claim.outcome.claimTimeUs);
    else {
      this.ready.notClaimed(claim.run);
      if (this.queued.has(claim.run.runId)) this.ready.push(claim.run);
    }
  }

  end(pick: number, isNoticeLost: boolean, isQueuedAgain: boolean): void {
    const entry = [...this.leases][pick % Math.max(1, this.leases.size)];
    if (entry === undefined) return;
    const [runId, leaseToken] = entry;
    this.leases.delete(runId);
    if (!isNoticeLost) this.notices.push({ runId, leaseToken });
    if (!isQueuedAgain) return;
    this.queued.add(runId);
    this.tell(runId);
  }

  notice(): void {
    const notice = this.notices.shift();
    if (notice !== undefined) this.ready.freed(notice.runId, notice.leaseToken);
  }

  /** A list is read; the next one only after it was told. */
  readList(): void {
    this.list ??= { timeUs: this.nowUs, leases: [...this.leases] };
  }

  tellList(): void {
    if (this.list === undefined) return;
    for (const [runId, leaseToken] of this.list.leases) {
      this.ready.leased({ environmentId: "env", queue: "q", concurrencyKey: "", runId, leaseToken });
    }
    this.ready.leasedComplete(this.list.timeUs);
    this.list = undefined;
  }
}

test("model: whatever word is late or lost and whoever owns the queue, live leases never exceed the limit, and all runs go", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { minLength: 100, maxLength: 200 }), (commands) => {
      const cluster = new Cluster(12);
      for (const command of commands) {
        cluster.nowUs += STEP_US;
        if (command.kind === "pick") cluster.pick();
        else if (command.kind === "store") cluster.store(command.isRefused);
        else if (command.kind === "answer") cluster.answer();
        else if (command.kind === "end") cluster.end(command.pick, command.isNoticeLost, command.isQueuedAgain);
        else if (command.kind === "notice") cluster.notice();
        else if (command.kind === "read list") cluster.readList();
        else if (command.kind === "tell list") cluster.tellList();
        else if (command.kind === "tell all runs") cluster.queued.forEach((runId) => cluster.tell(runId));
        else cluster.takeOver();
        expect(cluster.leases.size).toBeLessThanOrEqual(LIMIT);
      }
      // Progress: lists come from time to time, and the next sweep tells what waits.
      for (let round = 0; cluster.queued.size + cluster.leases.size > 0; round += 1) {
        expect(round).toBeLessThan(100);
        cluster.nowUs += STEP_US;
        for (const runId of cluster.queued) cluster.tell(runId);
        cluster.pick();
        while (cluster.claims.length > 0) {
          cluster.store(false);
          cluster.answer();
          expect(cluster.leases.size).toBeLessThanOrEqual(LIMIT);
        }
        cluster.end(0, true, false);
        cluster.notice();
        cluster.readList();
        cluster.tellList();
      }
      for (let lists = 0; lists < 3; lists += 1) {
        cluster.nowUs += 100_000_000;
        cluster.readList();
        cluster.tellList();
      }
      expect(cluster.ready.stateOf("env", "q").running).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

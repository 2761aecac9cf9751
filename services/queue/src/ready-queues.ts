import { BoundRuns } from "./bound-runs.ts";
import { isNews, KnownRuns } from "./known-runs.ts";
import { LearntMachines } from "./learnt-machines.ts";
import { type LineName, LineTree } from "./line-tree.ts";
import { type EnvironmentLines, type KeyLine, QueueLines, WaitingRun, type QueueLimits } from "./lines.ts";
import { isInTurn, MachineTurns } from "./machine-turns.ts";
import { ALL_MACHINES, type MachineSet } from "./machines.ts";
import { EMPTY_QUEUE, type QueueState, stateOf } from "./queue-state.ts";
import { RateHolds } from "./rate-holds.ts";
import { Slots } from "./slots.ts";
import type { ReadyRun } from "./waiting-line.ts";

/** A run that holds a slot. */
export interface LeasedRun {
  readonly environmentId: string;
  readonly queue: string;
  readonly concurrencyKey: string;
  readonly runId: string;
  readonly leaseToken: string;
}

/**
 * Every run of a shard that waits, what limits it, and whose turn is next.
 *
 * The discipline is hierarchical round-robin with a quantum of one run: environments take turns, in an environment's turn
 * its queues take turns, in a queue's turn its concurrency keys. Within a key runs go by (queueTimeUs, runId). A key, queue
 * or environment that may not go (at its limit, paused, rate limited) leaves the turns and is entered again by what makes
 * room, so a pick costs the same however many wait. Those with runs for a machine stand in the turns of that machine, so a
 * pick does not meet what waits for others.
 *
 * Resumes take a slot like a start and go before new runs, each to the supervisor that has its process.
 *
 * A cache of the QUEUED column and of the live leases, never more: a crash loses nothing, the next list fills it (I1, I4).
 */
export class ReadyQueues {
  readonly #nowMs: () => number;
  readonly #tree = new LineTree();
  readonly #rates: RateHolds;
  readonly #learnt = new LearntMachines();
  readonly #turns = new MachineTurns<EnvironmentLines>();
  readonly #bound = new BoundRuns();
  readonly #known = new KnownRuns();
  /** Runs told again while they were being claimed: they wait (once more) when the claim is answered. */
  readonly #toldWhileClaiming = new Map<string, ReadyRun>();
  /** Whether runs have been told: what is set before is as it was before this epoch. */
  #hasBegun = false;
  readonly #slots = new Slots<KeyLine>({ taken: countTaken, freed: (line) => this.#countFreed(line) });

  /** `nowMs`: milliseconds of a monotonic clock, for the rate limits. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#rates = new RateHolds(nowMs);
  }

  /** How many runs wait. */
  get size(): number {
    return this.#known.size;
  }

  /** Machines that runs which may go need. */
  get machines(): MachineSet {
    return this.#turns.machines;
  }

  /** Whether all live leases are known; until then no run may go. */
  get isListed(): boolean {
    return this.#slots.isListed;
  }

  /**
   * Puts a run in its place, wherever in its line that is; amortised O(1) when it is the newest.
   * False when the run is waiting already, for the same supervisor or for any: it keeps the place it has. When it is told
   * to be for another than before, or to need another machine, the newer word stands: its process has been suspended
   * meanwhile, or was lost; its task has a new version.
   */
  push(told: ReadyRun): boolean {
    const run = this.#learnt.complete(told);
    this.#hasBegun = true;
    if (this.#slots.isClaiming(run.runId)) {
      this.#toldWhileClaiming.set(run.runId, run);
      return false;
    }
    const known = this.#known.find(run.runId);
    if (known !== undefined && !isNews(known, run)) return false;
    if (known !== undefined) this.#leave(known);
    const line = this.#tree.lineOf(run);
    line.queue.depth += 1;
    this.#known.set(run.supervisorId === "" ? this.#pushFree(line, run) : this.#pushBound(line, run));
    return known === undefined;
  }

  /**
   * Takes the run whose turn it is, of those that any supervisor with one of these machines can have, and a slot for it;
   * undefined when none may go.
   */
  next(machines: MachineSet = ALL_MACHINES): WaitingRun | undefined {
    if (!this.isListed) return undefined;
    const nowMs = this.#nowMs();
    this.#enterDue(nowMs);
    const turns = this.#turns;
    for (let environment = turns.shift(machines); environment !== undefined; environment = turns.shift(machines)) {
      if (!environment.hasRoom) continue;
      const run = this.#takeFromEnvironment(environment, machines, nowMs);
      turns.enter(environment, environment.turns.machines);
      if (run !== undefined) return run;
      this.#tree.forgetEnvironment(environment);
    }
    return undefined;
  }

  /** The supervisors for which runs wait that nobody else can have. */
  boundSupervisorIds(): Iterable<string> {
    return this.#bound.supervisorIds();
  }

  /** Whether such runs wait for this one. */
  hasBoundTo(supervisorId: string): boolean {
    return this.#bound.hasRunsFor(supervisorId);
  }

  /** Takes the next run that only this supervisor can have, and a slot for it; undefined when none may go. */
  nextBoundTo(supervisorId: string): WaitingRun | undefined {
    if (!this.isListed) return undefined;
    for (let own = this.#bound.shift(supervisorId); own !== undefined; own = this.#bound.shift(supervisorId)) {
      const { line } = own;
      const { queue } = line;
      if (this.#known.headOf(own.runs) === undefined) this.#bound.forget(own);
      else if (queue.isPaused) this.#bound.park(own, queue);
      else if (!queue.environment.hasRoom) this.#bound.park(own, queue.environment);
      else if (!line.hasRoom) this.#bound.park(own, line);
      else {
        const run = own.runs.shift() as WaitingRun;
        if (own.runs.head === undefined) this.#bound.forget(own);
        else this.#bound.enter(own);
        this.#take(run);
        return run;
      }
      this.#forgetLine(line);
    }
    return undefined;
  }

  /** The claim of a run that was taken made a lease, at this time of the database's clock. */
  claimed({ runId }: ReadyRun, leaseToken: string, claimTimeUs: number): void {
    this.#slots.claimed(runId, leaseToken, claimTimeUs);
    this.#pushTold(runId);
  }

  /** A lease that nobody asked for says which machine its run needs; it is given back, and told without. */
  learnMachine(runId: string, machine: string): void {
    this.#learnt.learn(runId, machine);
  }

  /** The claim of a run that was taken made no lease: its slot is free, and it has not begun. */
  notClaimed(run: WaitingRun): void {
    if (run.supervisorId === "" && this.#rates.giveBack(run.line)) this.#enterLine(run.line);
    this.#slots.refused(run.runId);
    this.#pushTold(run.runId);
  }

  /**
   * Takes slots for so many runs of a line that are still to come, each given up by `claimedAhead` or `giveBack`. Undefined when the line may not have them: one slot
   * of a limit is always left for runs that wait.
   */
  reserve(name: LineName, count: number): KeyLine | undefined {
    const line = this.#tree.lineOf(name);
    const { queue, running } = line;
    const { environment } = queue;
    const isFree = this.isListed && !queue.isPaused && queue.rateLimit === undefined;
    const hasRoom =
      running + count < queue.concurrencyLimit && environment.running + count < environment.concurrencyLimit;
    if (!isFree || !hasRoom) {
      this.#forgetLine(line);
      return undefined;
    }
    for (let nth = 0; nth < count; nth += 1) countTaken(line);
    queue.reserved += count;
    return line;
  }

  /** A run came for a slot that was reserved, and was leased. */
  claimedAhead(line: KeyLine, runId: string, leaseToken: string): void {
    // Like one from a list: the run may have been told, and be waiting or being claimed, which will be refused.
    this.#slots.listed({ runId, leaseToken }, line);
    this.giveBack(line, 1);
  }

  /** No run came for slots that were reserved. */
  giveBack(line: KeyLine, count: number): void {
    line.queue.reserved -= count;
    for (let nth = 0; nth < count; nth += 1) this.#countFreed(line);
  }

  /** Sets what limits an environment; undefined: nothing. */
  setEnvironment(environmentId: string, concurrencyLimit: number | undefined): void {
    const environment = this.#tree.environmentOf(environmentId);
    environment.concurrencyLimit = concurrencyLimit ?? Infinity;
    this.#enterEnvironment(environment);
    this.#tree.forgetEnvironment(environment);
  }

  /** Sets what limits a queue. */
  setQueue({ environmentId, queue: name, concurrencyLimit, isPaused, rateLimit }: QueueLimits): void {
    const queue = this.#tree.queueOf(environmentId, name);
    queue.hasSettings = true;
    queue.concurrencyLimit = concurrencyLimit ?? Infinity;
    queue.isPaused = isPaused;
    this.#rates.set(queue, rateLimit, !this.#hasBegun);
    this.#bound.wake(queue);
    for (const line of queue.keys.values()) {
      this.#bound.wake(line);
      queue.turns.enter(line, line.free.machines);
    }
    this.#enterQueue(queue);
  }

  /** A run that holds a slot, from a list that is under way. */
  leased(run: LeasedRun): void {
    const line = this.#tree.lineOf(run);
    this.#slots.listed(run, line);
    this.#forgetLine(line);
  }

  /** The list of those is complete; its reading began at this time of the database's clock. */
  leasedComplete(listTimeUs: number): void {
    this.#slots.listComplete(listTimeUs);
  }

  /** A lease holds no slot any more. */
  freed(runId: string, leaseToken: string): void {
    this.#slots.freed(runId, leaseToken);
  }

  /** When a rate limit lets somebody go who may not go now; undefined when that is nobody. On the clock of `nowMs`. */
  get nextFreeAtMs(): number | undefined {
    return this.#rates.nextAtMs;
  }

  /** The run, if it waits. */
  find(runId: string): WaitingRun | undefined {
    return this.#known.find(runId);
  }

  /** How many runs of its line go before this one, if these machines are offered. O(line): for people who ask. */
  countBefore(run: WaitingRun, machines: MachineSet): number {
    const isBefore = (other: WaitingRun): boolean => this.#known.counts(other);
    if (run.supervisorId === "") return run.line.free.countBefore(run, machines, isBefore);
    return run.line.bound?.get(run.supervisorId)?.runs.countBefore(run, isBefore) ?? 0;
  }

  /** At most `count` of the runs that hold slots of these. O(leases): for people who ask. */
  holders(isMeant: (line: KeyLine) => boolean, count: number): string[] {
    return this.#slots.holders(isMeant, count);
  }

  /** How many queues there are. */
  get queueCount(): number {
    return this.#tree.queueCount;
  }

  /** How many runs wait in this one's queue. */
  depthOf({ environmentId, queue }: ReadyRun): number {
    return this.#tree.findQueue(environmentId, queue)?.depth ?? 0;
  }

  /** How full a queue is. O(keys). */
  stateOf(environmentId: string, queue: string): QueueState {
    const known = this.#tree.findQueue(environmentId, queue);
    return known === undefined ? EMPTY_QUEUE : stateOf(known, this.#known);
  }

  /** How full each queue is in which runs wait or execute. O(keys). */
  *states(): Generator<QueueState & { environmentId: string; queue: string }> {
    for (const queue of this.#tree.queues()) {
      const { environmentId } = queue.environment;
      if (queue.depth + queue.running > 0) yield { environmentId, queue: queue.queue, ...stateOf(queue, this.#known) };
    }
  }

  /** Whether anything is known of an environment. */
  knows(environmentId: string): boolean {
    return this.#tree.findEnvironment(environmentId) !== undefined;
  }

  #pushFree(line: KeyLine, run: ReadyRun): WaitingRun {
    const entry = new WaitingRun(line, run, "");
    line.free.push(entry);
    this.#enterLine(line);
    return entry;
  }

  #pushBound(line: KeyLine, run: ReadyRun): WaitingRun {
    const own = this.#bound.lineFor(line, run.supervisorId);
    const entry = new WaitingRun(line, run, own.supervisorId);
    own.runs.push(entry);
    this.#bound.enter(own);
    return entry;
  }

  #pushTold(runId: string): void {
    const told = this.#toldWhileClaiming.get(runId);
    if (told === undefined) return;
    this.#toldWhileClaiming.delete(runId);
    this.push(told);
  }

  #takeFromEnvironment({ turns }: EnvironmentLines, machines: MachineSet, nowMs: number): WaitingRun | undefined {
    for (let queue = turns.shift(machines); queue !== undefined; queue = turns.shift(machines)) {
      if (queue.isPaused || this.#rates.holdsQueue(queue, nowMs)) continue;
      const run = this.#takeFromQueue(queue, machines, nowMs);
      turns.enter(queue, queue.turns.machines);
      if (run !== undefined) return run;
      this.#tree.forgetQueue(queue);
    }
    return undefined;
  }

  #takeFromQueue({ turns }: QueueLines, machines: MachineSet, nowMs: number): WaitingRun | undefined {
    for (let line = turns.shift(machines); line !== undefined; line = turns.shift(machines)) {
      if (!line.hasRoom || this.#rates.holdsKey(line, nowMs)) continue;
      const run = this.#known.firstOf(line.free, machines);
      if (run === undefined) {
        this.#forgetLine(line);
        continue;
      }
      line.free.shift(run.machineIndex);
      turns.enter(line, line.free.machines);
      this.#rates.take(line, nowMs);
      this.#take(run);
      return run;
    }
    return undefined;
  }

  /** The run has left its line, and is to be claimed. */
  #take(run: WaitingRun): void {
    this.#leave(run);
    this.#known.delete(run);
    this.#slots.begin(run.runId, run.line);
  }

  /** An entry counts no more. */
  #leave({ line, supervisorId }: WaitingRun): void {
    line.queue.depth -= 1;
    if (supervisorId !== "") this.#bound.leave(supervisorId);
  }

  #countFreed(line: KeyLine): void {
    const { queue } = line;
    const { environment } = queue;
    line.running -= 1;
    queue.running -= 1;
    environment.running -= 1;
    this.#bound.wake(line);
    if (line.free.machines === 0) this.#forgetLine(line);
    else queue.turns.enter(line, line.free.machines);
    environment.turns.enter(queue, queue.turns.machines);
    this.#enterEnvironment(environment);
  }

  #enterLine(line: KeyLine): void {
    line.queue.turns.enter(line, line.free.machines);
    this.#enterQueue(line.queue);
  }

  #enterQueue(queue: QueueLines): void {
    if (queue.turns.machines === 0) return;
    queue.environment.turns.enter(queue, queue.turns.machines);
    this.#turns.enter(queue.environment, queue.turns.machines);
  }

  #enterEnvironment(environment: EnvironmentLines): void {
    this.#bound.wake(environment);
    this.#turns.enter(environment, environment.turns.machines);
  }

  #enterDue(nowMs: number): void {
    for (let due = this.#rates.shiftDue(nowMs); due !== undefined; due = this.#rates.shiftDue(nowMs)) {
      if (due instanceof QueueLines) this.#enterQueue(due);
      else if (due.free.machines === 0) this.#forgetLine(due);
      else this.#enterLine(due);
    }
  }

  /** A line with nothing to remember goes, and what held it with it. */
  #forgetLine(line: KeyLine): void {
    if (line.running > 0 || isInTurn(line) || line.awaitedAtMs < Infinity) return;
    if (line.free.machines !== 0 || line.bound !== undefined || this.#rates.remembers(line)) return;
    this.#tree.removeLine(line);
  }
}

function countTaken(line: KeyLine): void {
  const { queue } = line;
  line.running += 1;
  queue.running += 1;
  queue.environment.running += 1;
}

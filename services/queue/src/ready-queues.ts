import { Fifo, type Linked } from "./fifo.ts";
import { type LinedRun, type ReadyRun, WaitingLine } from "./waiting-line.ts";

/**
 * Every run that waits, and whose turn is next.
 *
 * Between queues the discipline is two-level round-robin with a quantum of one run: environments take turns, and in an
 * environment's turn its queues take turns. With E environments waiting, of which one has Q queues waiting, the head of
 * any of those is served after at most E * Q turns, however long the others are. Within a queue runs go first come,
 * first served, by (queueTimeUs, runId).
 *
 * Runs that only one supervisor can have, because their suspended processes are there, wait in a line of that supervisor's
 * own, so that one that is busy or gone delays nobody else.
 *
 * A cache of the QUEUED column, never more: a crash loses nothing, the next list fills it again (I1).
 */
export class ReadyQueues {
  readonly #environments = new Map<string, WaitingEnvironment>();
  readonly #turns = new Fifo<WaitingEnvironment>();
  readonly #bound = new Map<string, BoundLine>();
  /** The entry of each run that counts. One in a line that does not was overtaken by newer word, and is passed over. */
  readonly #entries = new Map<string, LinedRun>();

  /** How many runs wait. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Puts a run in its place, wherever in its queue that is; amortised O(1) when it is the newest.
   * False when the run is waiting already, for the same supervisor or for any: it keeps the place it has. When it is told
   * to be for another than before, the newer word stands: its process has been suspended meanwhile, or was lost.
   */
  push(run: ReadyRun): boolean {
    const known = this.#entries.get(run.runId);
    if (known?.supervisorId === run.supervisorId) return false;
    if (known !== undefined) this.#leave(known);
    const entry = run.supervisorId === "" ? this.#pushFree(run) : this.#pushBound(run);
    this.#entries.set(entry.runId, entry);
    return known === undefined;
  }

  /**
   * Takes the run whose turn it is, of those that any supervisor can have; undefined when none may go.
   *
   * Whatever limits a queue (concurrency, keys) belongs here: a line at its limit keeps its runs but stays out of
   * `turns` until there is room, so those who may not go cost the others nothing. Priority belongs to the order within
   * a line.
   */
  next(): ReadyRun | undefined {
    for (let run = this.#takeTurn(); run !== undefined; run = this.#takeTurn()) {
      if (this.#entries.get(run.runId) !== run) continue;
      this.#entries.delete(run.runId);
      return run;
    }
    return undefined;
  }

  /** The supervisors for which runs wait that nobody else can have. */
  boundSupervisorIds(): Iterable<string> {
    return this.#bound.keys();
  }

  /** Takes the first run that only this supervisor can have; undefined when there is none. */
  nextBoundTo(supervisorId: string): ReadyRun | undefined {
    const bound = this.#bound.get(supervisorId);
    for (let run = bound?.line.shift(); run !== undefined; run = bound?.line.shift()) {
      if (this.#entries.get(run.runId) !== run) continue;
      this.#leave(run);
      this.#entries.delete(run.runId);
      return run;
    }
    return undefined;
  }

  /** When the run that has waited longest was queued; undefined when none waits. O(queues), for metrics. */
  oldestQueueTimeUs(): number | undefined {
    let oldest: number | undefined;
    const look = ({ head }: WaitingLine): void => {
      if (head !== undefined && (oldest === undefined || head.queueTimeUs < oldest)) oldest = head.queueTimeUs;
    };
    for (const environment of this.#environments.values()) environment.lines.forEach(look);
    for (const { line } of this.#bound.values()) look(line);
    return oldest;
  }

  #pushFree(run: ReadyRun): LinedRun {
    let environment = this.#environments.get(run.environmentId);
    if (environment === undefined) {
      environment = new WaitingEnvironment(run.environmentId);
      this.#environments.set(environment.environmentId, environment);
      this.#turns.push(environment);
    }
    let line = environment.lines.get(run.queue);
    if (line === undefined) {
      line = new WaitingLine(run.queue);
      environment.lines.set(line.queue, line);
      environment.turns.push(line);
    }
    // All runs of a line share the strings that name it; the ones that came with this run can go.
    return enterLine(run, environment.environmentId, line, "");
  }

  #pushBound(run: ReadyRun): LinedRun {
    let bound = this.#bound.get(run.supervisorId);
    if (bound === undefined) {
      bound = { supervisorId: run.supervisorId, line: new WaitingLine(""), count: 0 };
      this.#bound.set(bound.supervisorId, bound);
    }
    bound.count += 1;
    return enterLine(run, run.environmentId, bound.line, bound.supervisorId);
  }

  /** An entry counts no more; a supervisor's line goes with the last one that did. */
  #leave({ supervisorId }: ReadyRun): void {
    const bound = this.#bound.get(supervisorId);
    if (bound === undefined) return;
    bound.count -= 1;
    if (bound.count === 0) this.#bound.delete(supervisorId);
  }

  #takeTurn(): ReadyRun | undefined {
    const environment = this.#turns.shift();
    const line = environment?.turns.shift();
    const run = line?.shift();
    if (environment === undefined || line === undefined || run === undefined) return undefined;
    if (line.head === undefined) environment.lines.delete(line.queue);
    else environment.turns.push(line);
    if (environment.turns.head === undefined) this.#environments.delete(environment.environmentId);
    else this.#turns.push(environment);
    return run;
  }
}

/** The runs that only one supervisor can have. */
interface BoundLine {
  readonly supervisorId: string;
  readonly line: WaitingLine;
  /** How many of its entries count. */
  count: number;
}

function enterLine(run: ReadyRun, environmentId: string, line: WaitingLine, supervisorId: string): LinedRun {
  const { runId, queueTimeUs, traceparent } = run;
  const queue = supervisorId === "" ? line.queue : run.queue;
  const entry: LinedRun = { environmentId, queue, runId, queueTimeUs, traceparent, supervisorId, next: undefined };
  line.push(entry);
  return entry;
}

/** An environment with at least one run waiting. */
class WaitingEnvironment implements Linked<WaitingEnvironment> {
  readonly environmentId: string;
  next: WaitingEnvironment | undefined;
  readonly lines = new Map<string, WaitingLine>();
  readonly turns = new Fifo<WaitingLine>();

  constructor(environmentId: string) {
    this.environmentId = environmentId;
  }
}

import { Fifo, type Linked } from "./fifo.ts";
import { type ReadyRun, WaitingLine } from "./waiting-line.ts";

/**
 * Every run that waits, and whose turn is next.
 *
 * Between queues the discipline is two-level round-robin with a quantum of one run: environments take turns, and in an
 * environment's turn its queues take turns. With E environments waiting, of which one has Q queues waiting, the head of
 * any of those is served after at most E * Q turns, however long the others are. Within a queue runs go first come,
 * first served, by (queueTimeUs, runId).
 *
 * A cache of the QUEUED column, never more: a crash loses nothing, the next list fills it again (I1).
 */
export class ReadyQueues {
  readonly #environments = new Map<string, WaitingEnvironment>();
  readonly #turns = new Fifo<WaitingEnvironment>();
  readonly #runIds = new Set<string>();

  /** How many runs wait. */
  get size(): number {
    return this.#runIds.size;
  }

  /**
   * Puts a run in its place, wherever in its queue that is; amortised O(1) when it is the newest.
   * False when the run is waiting already: it keeps the place it has.
   */
  push(run: ReadyRun): boolean {
    if (this.#runIds.has(run.runId)) return false;
    this.#runIds.add(run.runId);
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
    const { runId, queueTimeUs, traceparent } = run;
    const environmentId = environment.environmentId;
    line.push({ environmentId, queue: line.queue, runId, queueTimeUs, traceparent, next: undefined });
    return true;
  }

  /**
   * Takes the run whose turn it is; undefined when none may go.
   *
   * Whatever limits a queue (concurrency, keys) belongs here: a line at its limit keeps its runs but stays out of
   * `turns` until there is room, so those who may not go cost the others nothing. Priority belongs to the order within
   * a line.
   */
  next(): ReadyRun | undefined {
    const environment = this.#turns.shift();
    const line = environment?.turns.shift();
    const run = line?.shift();
    if (environment === undefined || line === undefined || run === undefined) return undefined;
    this.#runIds.delete(run.runId);
    if (line.head === undefined) environment.lines.delete(line.queue);
    else environment.turns.push(line);
    if (environment.turns.head === undefined) this.#environments.delete(environment.environmentId);
    else this.#turns.push(environment);
    return run;
  }

  /** When the run that has waited longest was queued; undefined when none waits. O(queues), for metrics. */
  oldestQueueTimeUs(): number | undefined {
    let oldest: number | undefined;
    for (const environment of this.#environments.values()) {
      for (const line of environment.lines.values()) {
        const queueTimeUs = line.head?.queueTimeUs;
        if (queueTimeUs !== undefined && (oldest === undefined || queueTimeUs < oldest)) oldest = queueTimeUs;
      }
    }
    return oldest;
  }
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

import { Fifo, type Linked } from "./fifo.ts";
import { MinHeap } from "./min-heap.ts";

/** A run that waits for its turn. */
export interface ReadyRun {
  readonly environmentId: string;
  readonly queue: string;
  /** Its concurrency key; "" for none. */
  readonly concurrencyKey: string;
  readonly runId: string;
  /** When it was queued less its priority, microseconds since 1970 by the database's clock. */
  readonly queueTimeUs: number;
  /** W3C traceparent of the run, or "". */
  readonly traceparent: string;
  /** The only supervisor that can have it, because its suspended process is there; "" when any can. */
  readonly supervisorId: string;
  /** The machine preset that it needs; "" when that is not known. */
  readonly machine: string;
}

/** What decides a run's place in its line. */
export interface Placed {
  readonly runId: string;
  readonly queueTimeUs: number;
}

/**
 * Runs of one queue and key, first to last by (queueTimeUs, runId).
 *
 * Runs nearly always come in that order and are appended to a list: O(1). One that belongs further ahead (a head start by
 * priority, a lease given back, two commits that overtook each other) goes to a heap beside it: O(log late). Whichever head
 * is first goes first.
 */
export class WaitingLine<Run extends Placed & Linked<Run>> {
  readonly #inOrder = new Fifo<Run>();
  #late: MinHeap<Run> | undefined;

  /** The run that goes next. */
  get head(): Run | undefined {
    const late = this.#late?.head;
    const inOrder = this.#inOrder.head;
    if (late === undefined || inOrder === undefined) return late ?? inOrder;
    return isBefore(late, inOrder) ? late : inOrder;
  }

  /** Puts a run in its place. */
  push(run: Run): void {
    const tail = this.#inOrder.tail;
    if (tail === undefined || !isBefore(run, tail)) {
      this.#inOrder.push(run);
      return;
    }
    this.#late ??= new MinHeap<Run>(isBefore);
    this.#late.push(run);
  }

  /** Takes the run that goes next. */
  shift(): Run | undefined {
    const late = this.#late?.head;
    if (late === undefined || late !== this.head) return this.#inOrder.shift();
    const run = this.#late?.shift();
    if (this.#late?.size === 0) this.#late = undefined;
    return run;
  }

  /** How many that `counts` go before this one. O(line): for people who ask. */
  countBefore(run: Run, counts: (other: Run) => boolean): number {
    let count = 0;
    const look = (other: Run): void => {
      if (isBefore(other, run) && counts(other)) count += 1;
    };
    for (let other = this.#inOrder.head; other !== undefined; other = other.next) look(other);
    for (const other of this.#late?.values() ?? []) look(other);
    return count;
  }
}

/** The order of a line. */
export function isBefore(a: Placed, b: Placed): boolean {
  return a.queueTimeUs === b.queueTimeUs ? a.runId < b.runId : a.queueTimeUs < b.queueTimeUs;
}

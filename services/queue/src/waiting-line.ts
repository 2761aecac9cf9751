import { Fifo, type Linked } from "./fifo.ts";
import { LateRuns } from "./late-runs.ts";

/** A run that waits for its turn. */
export interface ReadyRun {
  readonly environmentId: string;
  readonly queue: string;
  readonly runId: string;
  /** When it was queued, microseconds since 1970 by the database's clock. */
  readonly queueTimeUs: number;
  /** W3C traceparent of the run, or "". */
  readonly traceparent: string;
  /** The only supervisor that can have it, because its suspended process is there; "" when any can. */
  readonly supervisorId: string;
}

/** A run in its place in a line. */
export interface LinedRun extends ReadyRun, Linked<LinedRun> {}

/**
 * The runs of one queue of one environment, first to last by (queueTimeUs, runId).
 *
 * Runs nearly always come in that order and are appended to a list: O(1). One that comes late (a lease given back, two
 * commits that overtook each other) goes to a heap beside it: O(log late). Whichever head is first goes first.
 */
export class WaitingLine implements Linked<WaitingLine> {
  readonly queue: string;
  next: WaitingLine | undefined;
  readonly #inOrder = new Fifo<LinedRun>();
  #late: LateRuns<ReadyRun> | undefined;

  constructor(queue: string) {
    this.queue = queue;
  }

  /** The run that goes next. */
  get head(): ReadyRun | undefined {
    const late = this.#late?.head;
    const inOrder = this.#inOrder.head;
    if (late === undefined || inOrder === undefined) return late ?? inOrder;
    return isBefore(late, inOrder) ? late : inOrder;
  }

  /** Puts a run in its place. */
  push(run: LinedRun): void {
    const tail = this.#inOrder.tail;
    if (tail === undefined || !isBefore(run, tail)) {
      this.#inOrder.push(run);
      return;
    }
    this.#late ??= new LateRuns<ReadyRun>(isBefore);
    this.#late.push(run);
  }

  /** Takes the run that goes next. */
  shift(): ReadyRun | undefined {
    const late = this.#late?.head;
    return late !== undefined && late === this.head ? this.#late?.shift() : this.#inOrder.shift();
  }
}

function isBefore(a: ReadyRun, b: ReadyRun): boolean {
  return a.queueTimeUs === b.queueTimeUs ? a.runId < b.runId : a.queueTimeUs < b.queueTimeUs;
}

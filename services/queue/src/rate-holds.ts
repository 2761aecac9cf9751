import { CellRate, type RateLimit } from "./cell-rate.ts";
import { KeyLine, type QueueLines } from "./lines.ts";
import { MinHeap } from "./min-heap.ts";

/** What a rate limit can hold back: a queue, or a key of one. */
export type RateHeld = QueueLines | KeyLine;

interface Awaited {
  readonly atMs: number;
  readonly target: RateHeld;
}

/** The rate limits of a shard: what is left of each, and when those that have nothing left are looked at again. */
export class RateHolds {
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #awaited = new MinHeap<Awaited>((a, b) => a.atMs < b.atMs);

  /** `nowMs`: milliseconds of a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** The first moment at which somebody is looked at again; undefined when nobody is held back. */
  get nextAtMs(): number | undefined {
    return this.#awaited.head?.atMs;
  }

  /** Sets a queue's limit. `isFirst`: it is as it was before this epoch, so a former owner may just have used it up. */
  set(queue: QueueLines, rateLimit: RateLimit | undefined, isFirst: boolean): void {
    const nowMs = this.#nowMs();
    if (rateLimit !== undefined && isFirst) queue.rateWholeAtMs = this.#startMs + rateLimit.periodMs / 2;
    queue.rateLimit = rateLimit;
    for (const holder of [queue, ...queue.keys.values()]) {
      if (rateLimit === undefined || rateLimit.isPerKey !== holder instanceof KeyLine) holder.rate = undefined;
      else holder.rate?.adopt(rateLimit, nowMs);
    }
  }

  /** A run of the line begins. */
  take(line: KeyLine, nowMs: number): void {
    const { rateLimit } = line.queue;
    if (rateLimit !== undefined) this.#rateOf(line).take(rateLimit, nowMs);
  }

  /** A run of the line did not begin after all. False when no rate limit counts it. */
  giveBack(line: KeyLine): boolean {
    const { rateLimit } = line.queue;
    if (rateLimit === undefined) return false;
    this.#rateOf(line).giveBack(rateLimit);
    return true;
  }

  /** Whether the queue as a whole may begin nothing now; then it is looked at again when it may. */
  holdsQueue(queue: QueueLines, nowMs: number): boolean {
    return queue.rateLimit?.isPerKey === false && this.#holds(queue, queue, queue.rateLimit, nowMs);
  }

  /** Whether the key by itself may begin nothing now; likewise. */
  holdsKey(line: KeyLine, nowMs: number): boolean {
    const { queue } = line;
    return queue.rateLimit?.isPerKey === true && this.#holds(queue, line, queue.rateLimit, nowMs);
  }

  /** Whether there is something to remember of the line's allowance; then it is looked at again when there is not. */
  remembers(line: KeyLine): boolean {
    const wholeAtMs = line.rate?.wholeAtMs;
    if (wholeAtMs === undefined || wholeAtMs <= this.#nowMs()) return false;
    this.#await(line, wholeAtMs);
    return true;
  }

  /** Takes one whose moment has come; undefined when there is none. */
  shiftDue(nowMs: number): RateHeld | undefined {
    for (let { head } = this.#awaited; head !== undefined && head.atMs <= nowMs; { head } = this.#awaited) {
      this.#awaited.shift();
      const { target, atMs } = head;
      // Another moment was planned meanwhile.
      if (target.awaitedAtMs !== atMs) continue;
      target.awaitedAtMs = Infinity;
      return target;
    }
    return undefined;
  }

  #rateOf(line: KeyLine): CellRate {
    const { queue } = line;
    const holder = queue.rateLimit?.isPerKey === true ? line : queue;
    return (holder.rate ??= new CellRate(queue.rateWholeAtMs));
  }

  #holds(queue: QueueLines, target: RateHeld, rateLimit: RateLimit, nowMs: number): boolean {
    const rate = (target.rate ??= new CellRate(queue.rateWholeAtMs));
    const freeAtMs = rate.freeAtMs(rateLimit);
    if (freeAtMs <= nowMs) return false;
    this.#await(target, freeAtMs);
    return true;
  }

  #await(target: RateHeld, atMs: number): void {
    if (target.awaitedAtMs <= atMs) return;
    target.awaitedAtMs = atMs;
    this.#awaited.push({ atMs, target });
  }
}

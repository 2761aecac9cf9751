import type { ReadyQueues } from "./ready-queues.ts";
import type { ReadyRun } from "./waiting-line.ts";

/** The share of the bound that every shard may use, whatever the others have. */
const RESERVED_SHARE = 1 / 16;

/** How many runs the shards of a process keep in memory. */
export class MemoryBound {
  readonly #maxRuns: number;
  readonly #shards = new Set<ReadyQueues>();

  constructor(maxRuns: number) {
    this.#maxRuns = maxRuns;
  }

  /** A shard counts from now on. */
  join(ready: ReadyQueues): void {
    this.#shards.add(ready);
  }

  leave(ready: ReadyQueues): void {
    this.#shards.delete(ready);
  }

  /** Whether there is room for a run. Every shard has a part of its own, and in it every queue, so that none fills it all. */
  hasRoomFor(run: ReadyRun, ready: ReadyQueues): boolean {
    let size = 0;
    for (const shard of this.#shards) size += shard.size;
    if (size < this.#maxRuns) return true;
    return ready.depthOf(run) < (this.#maxRuns * RESERVED_SHARE) / (ready.queueCount + 1);
  }
}

/** The queues of a shard that have more runs than are in memory. */
export class LeftOut {
  readonly #ready: ReadyQueues;
  readonly #queues = new Map<string, { readonly of: ReadyRun; readonly atDepth: number }>();

  constructor(ready: ReadyQueues) {
    this.#ready = ready;
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** A run finds no room. */
  add(run: ReadyRun): void {
    const name = JSON.stringify([run.environmentId, run.queue]);
    if (!this.#queues.has(name)) this.#queues.set(name, { of: run, atDepth: this.#ready.depthOf(run) });
  }

  /** Whether half of such a queue has gone: time to list again. */
  isDue(): boolean {
    for (const { of, atDepth } of this.#queues.values()) {
      if (this.#ready.depthOf(of) <= atDepth / 2) return true;
    }
    return false;
  }
}

import type { Logger } from "@windlass/chassis";
import type { HoldShardsResponse } from "@windlass/proto";
import type { ReadyQueues } from "./ready-queues.ts";
import type { ShardLoop } from "./shard-loop.ts";

/** A process asks for no more than this: the run-store has 8. */
const MAX_SHARDS = 1_024;

export interface ShardsOptions {
  /** Takes up a shard; `onStale` is to be called when another process turns out to own it. */
  readonly start: (shard: number, onStale: () => void) => ShardLoop;
  /** A shard has been let go: worth saying at once, since another process waits for it. */
  readonly onReleased: () => void;
  readonly logger: Logger;
}

/** The shards that this process owns, and those that it lets go of. */
export class Shards {
  readonly #options: ShardsOptions;
  readonly #owned = new Map<number, ShardLoop>();
  readonly #leaving = new Map<number, Promise<void>>();
  /** Let go, and not yet known to be heard of. */
  readonly #released = new Set<number>();
  #isClosed = false;

  constructor(options: ShardsOptions) {
    this.#options = options;
  }

  /** What is owned now. */
  loops(): Iterable<ShardLoop> {
    return this.#owned.values();
  }

  /** Those that nothing is claimed in any more, to be said with the next hello; until an answer shows that it was heard. */
  get released(): number[] {
    return [...this.#released];
  }

  /**
   * Follows the run-store: takes up what is new, lets go of what another shall have and of what is not ours any more. A
   * shard that is still being let go is taken up with a later answer.
   */
  follow({ shards, unwantedShards }: HoldShardsResponse): void {
    if (this.#isClosed) return;
    const unwanted = new Set(unwantedShards);
    const wanted = new Set(shards.slice(0, MAX_SHARDS).filter((shard) => !unwanted.has(shard)));
    for (const shard of this.#released) if (!unwanted.has(shard)) this.#released.delete(shard);
    for (const shard of this.#owned.keys()) if (!wanted.has(shard)) this.#letGo(shard);
    for (const shard of unwanted) if (!this.#leaving.has(shard)) this.#released.add(shard);
    for (const shard of wanted) if (!this.#owned.has(shard) && !this.#leaving.has(shard)) this.#takeUp(shard);
  }

  /** Lets go of all, for good. Resolves when the claims in flight are pushed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const shard of this.#owned.keys()) this.#letGo(shard);
    await Promise.all(this.#leaving.values());
  }

  /** Where the runs of an environment wait; undefined when that is not known here. */
  readyOf(environmentId: string): ReadyQueues | undefined {
    for (const { ready } of this.#owned.values()) if (ready.knows(environmentId)) return ready;
    return undefined;
  }

  #takeUp(shard: number): void {
    const loop = this.#options.start(shard, () => {
      if (this.#owned.get(shard) === loop) this.#owned.delete(shard);
    });
    this.#owned.set(shard, loop);
  }

  #letGo(shard: number): void {
    const loop = this.#owned.get(shard);
    if (loop === undefined) return;
    this.#owned.delete(shard);
    this.#options.logger.info("a shard is let go", { shard });
    const left = loop.stop().then(() => {
      this.#leaving.delete(shard);
      this.#released.add(shard);
      this.#options.onReleased();
    });
    this.#leaving.set(shard, left);
  }
}

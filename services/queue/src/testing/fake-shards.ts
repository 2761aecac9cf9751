import { create } from "@bufbuild/protobuf";
import { type HoldShardsRequest, type HoldShardsResponse, HoldShardsResponseSchema } from "@windlass/proto";
import { createPushStream, type PushStream } from "@windlass/proto/grpc";

/** Who owns the shards of a fake run-store. One whose stream is open lives; each gets as many as the others, or one more. */
export class FakeShards {
  readonly #owners = new Map<number, string>();
  readonly #epochs = new Map<number, number>();
  readonly #streams = new Map<string, PushStream<HoldShardsResponse>>();
  readonly #shardCount: number;
  /** Every hello, in order. */
  readonly hellos: HoldShardsRequest[] = [];

  constructor(shardCount: number) {
    this.#shardCount = shardCount;
  }

  epochOf(shard: number): number {
    return this.#epochs.get(shard) ?? 0;
  }

  /** The next epoch of a shard; claims of those before are refused. */
  bumpEpoch(shard: number): number {
    const epoch = this.epochOf(shard) + 1;
    this.#epochs.set(shard, epoch);
    return epoch;
  }

  isOwner(shard: number, queueServiceId: string): boolean {
    return this.#owners.get(shard) === queueServiceId;
  }

  /** What somebody owns. */
  ownedBy(queueServiceId: string): number[] {
    return [...this.#owners]
      .flatMap(([shard, owner]) => (owner === queueServiceId ? [shard] : []))
      .toSorted((a, b) => a - b);
  }

  /** Makes somebody the owner of a shard without a hello. */
  give(shard: number, queueServiceId: string): void {
    this.#owners.set(shard, queueServiceId);
  }

  /** Gives a shard to somebody who never asked: claims of its owner are refused from now on. */
  usurp(shard: number): void {
    this.#owners.set(shard, "usurper");
    this.bumpEpoch(shard);
  }

  /** Takes usurped shards away again. */
  abdicate(): void {
    for (const [shard, owner] of this.#owners) if (owner === "usurper") this.#owners.delete(shard);
  }

  /** Ends every stream. */
  cut(error: unknown): void {
    for (const stream of this.#streams.values()) stream.end(error);
  }

  hold(requests: AsyncIterable<HoldShardsRequest>, signal: AbortSignal): PushStream<HoldShardsResponse> {
    const answers = createPushStream<HoldShardsResponse>(1_000, signal);
    let id = "";
    const listen = async (): Promise<void> => {
      for await (const hello of requests) {
        id = hello.queueServiceId;
        this.#streams.set(id, answers);
        this.hellos.push(hello);
        for (const shard of hello.releasedShards) if (this.isOwner(shard, id)) this.#owners.delete(shard);
        answers.push(this.#answer(id));
      }
    };
    const gone = (error?: unknown): void => {
      if (this.#streams.get(id) === answers) {
        this.#streams.delete(id);
        for (const shard of this.ownedBy(id)) this.#owners.delete(shard);
      }
      answers.end(error);
    };
    listen().then(() => gone(), gone);
    return answers;
  }

  #answer(id: string): HoldShardsResponse {
    const share = Math.ceil(this.#shardCount / Math.max(1, this.#streams.size));
    for (let shard = 0; shard < this.#shardCount && this.ownedBy(id).length < share; shard += 1) {
      if (!this.#owners.has(shard)) this.#owners.set(shard, id);
    }
    const owned = this.ownedBy(id);
    return create(HoldShardsResponseSchema, { shards: owned.slice(0, share), unwantedShards: owned.slice(share) });
  }
}

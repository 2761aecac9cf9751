import { create } from "@bufbuild/protobuf";
import { createLogger } from "@windlass/chassis";
import { ErrorReason, HoldShardsRequestSchema } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHoldShards } from "../handlers/hold-shards.ts";
import { selectQueueServiceOf } from "../store/queue-services.ts";
import { ENVIRONMENT_ID, type HotStore, startHotStore } from "../testing/hot-store.ts";
import { holdShards } from "./hold-shards.ts";
import { watchQueued } from "./watch-queued.ts";

let store: HotStore;
beforeEach(async () => {
  store = await startHotStore();
});
afterEach(async () => {
  expect(await store.violations()).toEqual([]);
  await store.stop();
});

const logger = createLogger({ service: "test", level: "error" });
const hello = (id: string, released: readonly number[] = []) =>
  holdShards({ postgres: store.postgres, logger }, { id, address: `${id}:7000`, released });
const silence = (id: string) =>
  store.sql("UPDATE queue_services SET expire_time = now() - interval '1 ms' WHERE id = $1", [id]);

/** The epoch under which somebody begins to watch the environment's shard. */
async function epochOf(owner: string): Promise<bigint> {
  const stop = new AbortController();
  const options = { ...store.parts, db: store.postgres, clock: store.clock, logger };
  for await (const { epoch } of watchQueued(options, { shard: store.shard, owner }, stop.signal)) return epoch;
  throw new Error("the watch has ended");
}

describe("two queue services", () => {
  it("have half of the shards each, and nobody else is given any", async () => {
    expect((await hello("a")).shards).toHaveLength(8);
    expect((await hello("b")).shards).toEqual([]);
    const { shards, unwanted } = await hello("a");
    expect([shards.length, unwanted.length]).toEqual([4, 4]);
    expect((await hello("a", unwanted)).shards).toEqual(shards);
    expect(new Set((await hello("b")).shards)).toEqual(new Set(unwanted));
  });

  it("one of which is silent: the other has all shards, and claims of the old epoch are refused (I4)", async () => {
    await hello("a");
    const runId = await store.trigger();
    const epoch = await epochOf("a");
    await silence("a");
    expect((await hello("b")).shards).toHaveLength(8);
    const next = await epochOf("b");
    expect(next).toBeGreaterThan(epoch);
    await expect(store.claim(runId, undefined, epoch)).rejects.toMatchObject({ reason: ErrorReason.EPOCH_STALE });
    expect(await store.claim(runId, undefined, next)).toMatchObject({ attemptNumber: 1 });
  });

  it("that come back after a silence have what nobody took", async () => {
    await hello("a");
    await silence("a");
    expect((await hello("a")).shards).toHaveLength(8);
  });

  it("say hello at once: every shard has one owner", async () => {
    const shares = await Promise.all(["a", "b", "c", "a", "b", "c"].map((id) => hello(id)));
    expect(shares).toHaveLength(6);
    const rows = await store.sql<{ owner: string }>("SELECT owner FROM queue_epochs");
    expect(rows).toHaveLength(8);
    expect(new Set(rows.map((row) => row.owner)).size).toBe(1);
  });
});

describe("a shard", () => {
  it("is watched by its owner alone", async () => {
    await hello("a");
    await expect(epochOf("b")).rejects.toMatchObject({ reason: ErrorReason.EPOCH_STALE });
  });

  it("tells where its owner answers questions, as long as that one lives", async () => {
    await hello("a");
    expect(await selectQueueServiceOf(store.postgres, ENVIRONMENT_ID)).toEqual({ id: "a", address: "a:7000" });
    await silence("a");
    expect(await selectQueueServiceOf(store.postgres, ENVIRONMENT_ID)).toBeUndefined();
  });

  it("of a queue service that ends its half of HoldShards goes to another with its next hello", async () => {
    const hold = createHoldShards({ postgres: store.postgres, logger });
    const requests = (async function* say() {
      yield create(HoldShardsRequestSchema, { queueServiceId: "a", address: "a:7000" });
    })();
    const answers = await Array.fromAsync(hold(requests, {} as Parameters<typeof hold>[1]));
    expect(answers).toMatchObject([{ shards: [0, 1, 2, 3, 4, 5, 6, 7], unwantedShards: [] }]);
    expect((await hello("b")).shards).toHaveLength(8);
  });
});

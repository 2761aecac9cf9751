import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareShards } from "./shard-policy.ts";

const SHARDS = [0, 1, 2, 3, 4, 5, 6, 7];

/** Queue services that say hello, with what each has and lets go of as it is told. */
class World {
  readonly ownerByShard = new Map<number, string>();
  readonly live = new Set<string>();
  readonly held = new Map<string, Set<number>>();
  readonly unwanted = new Map<string, readonly number[]>();

  hello(id: string): void {
    this.live.add(id);
    const released = this.unwanted.get(id) ?? [];
    const division = { shards: SHARDS, ownerByShard: this.ownerByShard, live: Array.from(this.live) };
    const share = shareShards(division, id, released);
    for (const [shard, owner] of share.moves) this.ownerByShard.set(shard, owner);
    this.held.set(id, new Set(share.shards));
    this.unwanted.set(id, share.unwanted);
  }

  kill(id: string): void {
    this.live.delete(id);
    this.held.delete(id);
    this.unwanted.delete(id);
  }

  /** Everybody says hello, again and again. */
  settle(rounds = 4): void {
    for (let round = 0; round < rounds; round += 1) for (const id of this.live) this.hello(id);
  }

  counts(): number[] {
    return Array.from(this.live, (id) => this.held.get(id)?.size ?? 0).toSorted((a, b) => b - a);
  }
}

describe("shards", () => {
  it("all go to the only queue service, at its first hello", () => {
    const world = new World();
    world.hello("a");
    expect(world.counts()).toEqual([8]);
  });

  it("are shared evenly when another comes, and stay where they are otherwise", () => {
    const world = new World();
    world.hello("a");
    world.hello("b");
    expect(world.held.get("b")?.size).toBe(0);
    world.settle();
    expect(world.counts()).toEqual([4, 4]);
    const before = new Map(world.ownerByShard);
    world.settle();
    expect(world.ownerByShard).toEqual(before);
  });

  it("of one that is gone go to the others with their next hello, and no other shard moves", () => {
    const world = new World();
    for (const id of ["a", "b", "c"]) world.hello(id);
    world.settle();
    const kept = new Map(Array.from(world.ownerByShard).filter(([, owner]) => owner !== "b"));
    world.kill("b");
    world.hello("a");
    world.hello("c");
    expect(world.counts()).toEqual([4, 4]);
    for (const [shard, owner] of kept) expect(world.ownerByShard.get(shard)).toBe(owner);
  });

  it("that one has let go of are another's at once: no shard is ever without an owner", () => {
    const world = new World();
    world.hello("a");
    world.hello("b");
    world.hello("a");
    const released = world.unwanted.get("a") ?? [];
    expect(released).toHaveLength(4);
    world.hello("a");
    expect(released.map((shard) => world.ownerByShard.get(shard))).toEqual(["b", "b", "b", "b"]);
  });

  it("end up evenly shared, each with one owner, whoever comes and goes", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom("hello", "kill"), fc.constantFrom("a", "b", "c", "d", "e")), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(steps, (script) => {
        const world = new World();
        world.hello("a");
        for (const [step, id] of script) {
          if (step === "hello") world.hello(id);
          else if (world.live.size > 1) world.kill(id);
          const all = Array.from(world.held.values()).flatMap((shards) => Array.from(shards));
          for (const [id2, shards] of world.held)
            for (const shard of shards)
              if (world.live.has(id2) && world.ownerByShard.get(shard) !== id2) world.held.get(id2)?.delete(shard);
          expect(all.every((shard) => SHARDS.includes(shard))).toBe(true);
        }
        world.settle(10);
        const counts = world.counts();
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

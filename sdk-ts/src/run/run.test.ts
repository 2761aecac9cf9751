import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { idempotencyKeys, metadata, tags, timeout, usage } from "../index.ts";
import { encodeMetadata } from "../content/metadata-content.ts";
import { TestAttempt } from "../testing/test-attempt.ts";

let attempt: TestAttempt;

beforeEach(() => {
  attempt = TestAttempt.begin({ initialMetadata: encodeMetadata("metadata", { step: 1, list: ["a"] }) });
});

afterEach(() => TestAttempt.end());

/** What the cluster was told, oldest first. */
function told(): unknown[] {
  return attempt.descriptions.map(
    ({ metadata: content }) => JSON.parse(Buffer.from(content!.data).toString()) as unknown,
  );
}

describe("metadata", () => {
  it("begins as the attempt found it, and can be read as copies", () => {
    expect([metadata.get("step"), metadata.get("none"), metadata.current()]).toEqual([
      1,
      undefined,
      { step: 1, list: ["a"] },
    ]);
    (metadata.current() as { list: string[] }).list.push("changed");
    expect(metadata.get("list")).toEqual(["a"]);
  });

  it("changes made in the same moment travel together, as soon as something is awaited", async () => {
    metadata.set("a", { b: 1 }).increment("step").decrement("left", 2).append("list", "c").append("new", 1);
    metadata.remove("list", "a").del("none").append("step", 9);
    expect(told()).toEqual([]);
    await Promise.resolve();
    const all = { step: [2, 9], list: ["c"], a: { b: 1 }, left: -2, new: [1] };
    expect(told()).toEqual([all]);
    expect(metadata.current()).toEqual(all);
    metadata.replace({ only: true });
    await metadata.flush();
    expect(told()).toEqual([all, { only: true }]);
    await metadata.flush();
    expect(told()).toHaveLength(2);
  });

  it("are told before a run that returns right after them has ended", async () => {
    const run = async () => void metadata.set("a", 1);
    await run();
    expect(told()).toHaveLength(1);
  });

  it("holds a field called __proto__ like any other", async () => {
    metadata.set("__proto__", { polluted: true });
    await metadata.flush();
    expect(Object.keys(told()[0] as object)).toContain("__proto__");
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("refuses what JSON cannot carry, what becomes too large, and paths; and stays as it was", () => {
    expect(() => metadata.set("a", [1n] as never)).toThrow("metadata.a[0] is a BigInt");
    expect(() => metadata.set("a", "x".repeat(256 * 1024))).toThrow(/metadata is .* at most 262,144/);
    expect(() => metadata.increment("list")).toThrow("metadata.list is not a number");
    expect(() => metadata.set("$.a.b", 1)).toThrow("is a path");
    expect(() => metadata.set("", 1)).toThrow("not empty");
    expect(() => metadata.replace([1] as never)).toThrow("must be an object");
    expect(metadata.current()).toEqual({ step: 1, list: ["a"] });
  });

  it("of one attempt is not another's", async () => {
    metadata.set("a", 1);
    await metadata.flush();
    TestAttempt.begin();
    expect(metadata.current()).toEqual({});
  });

  it("outside of a run reads as undefined, and cannot be changed", async () => {
    TestAttempt.end();
    expect([metadata.current(), metadata.get("a")]).toEqual([undefined, undefined]);
    await metadata.flush();
    expect(() => metadata.set("a", 1)).toThrow("metadata.set works only inside of a run");
  });
});

describe("tags.add", () => {
  it("tells the cluster", async () => {
    await tags.add("one");
    await tags.add(["two", "three"]);
    expect(attempt.descriptions).toEqual([{ addTags: ["one"] }, { addTags: ["two", "three"] }]);
  });

  it("refuses what is no tag, and to work outside of a run", async () => {
    await expect(tags.add("")).rejects.toMatchObject({ violations: [{ field: "tags[0]" }] });
    TestAttempt.end();
    await expect(tags.add("one")).rejects.toThrow("tags.add works only inside of a run");
  });
});

describe("usage", () => {
  it("tells how long the attempt and the run have taken", () => {
    const { compute, totalCostInCents } = usage.getCurrent();
    expect(compute.attempt.durationMs).toBeGreaterThanOrEqual(0);
    expect(compute.total.durationMs).toBeGreaterThanOrEqual(compute.attempt.durationMs);
    expect(totalCostInCents).toBe(0);
    TestAttempt.end();
    expect(() => usage.getCurrent()).toThrow("usage.getCurrent works only inside of a run");
  });

  it("measures a function, anywhere", async () => {
    TestAttempt.end();
    const { result, compute } = await usage.measure(async () => "done");
    expect([result, compute.durationMs >= 0]).toEqual(["done", true]);
    await expect(usage.measure(() => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
  });
});

it("timeout.signal is the run's", () => {
  expect(timeout.signal).toBe(attempt.signal);
  TestAttempt.end();
  expect(timeout.signal).toBeUndefined();
});

describe("idempotencyKeys.create", () => {
  it("by default makes a key of the run that triggers: the same in each of its attempts", async () => {
    const key = await idempotencyKeys.create("a");
    expect(key).toMatch(/^[\da-f]{64}$/);
    expect(await idempotencyKeys.create("a", { scope: "run" })).toBe(key);
    TestAttempt.begin({ attemptNumber: 2 });
    expect(await idempotencyKeys.create("a")).toBe(key);
    TestAttempt.begin({ runId: "run_other" });
    expect(await idempotencyKeys.create("a")).not.toBe(key);
  });

  it("of scope attempt holds for one attempt, of scope global everywhere", async () => {
    const inAttempt = await idempotencyKeys.create("a", { scope: "attempt" });
    const global = await idempotencyKeys.create("a", { scope: "global" });
    TestAttempt.begin({ attemptNumber: 2 });
    expect(await idempotencyKeys.create("a", { scope: "attempt" })).not.toBe(inAttempt);
    TestAttempt.end();
    expect(await idempotencyKeys.create("a", { scope: "global" })).toBe(global);
    expect(await idempotencyKeys.create("a")).toBe(global);
    await expect(idempotencyKeys.create("a", { scope: "attempt" })).rejects.toThrow("only inside of a run");
  });

  it("keeps the parts of a key apart", async () => {
    expect(await idempotencyKeys.create(["a", "b"])).not.toBe(await idempotencyKeys.create(["a,b"]));
    expect(await idempotencyKeys.create(["a"])).toBe(await idempotencyKeys.create("a"));
  });

  it.each([[""], [[]], [["a", ""]], [undefined]])("refuses the key %j", async (key) => {
    await expect(idempotencyKeys.create(key as string)).rejects.toThrow("must be a string that is not empty");
  });

  it("refuses a scope that there is not", async () => {
    await expect(idempotencyKeys.create("a", { scope: "task" as never })).rejects.toThrow("options.scope");
  });
});

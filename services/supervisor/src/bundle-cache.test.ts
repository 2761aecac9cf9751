import { mkdir, mkdtemp, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@windlass/chassis";
import { ErrorReason } from "@windlass/proto";
import { callFailureFromError } from "@windlass/proto/grpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BundleCache, createBundleCache } from "./bundle-cache.ts";
import { BundleInvalid, removeBundle } from "./bundle-files.ts";
import { type EncodedBundle, encodeBundle } from "./testing/make-bundle.ts";
import { callError, testLogger as logger } from "./testing/start-peer.ts";

let dataDir: string;
const clock = createFakeClock(1_700_000_000_000);

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "windlass-bundles-"));
});
afterEach(() => removeBundle(dataDir));

const file = (path: string, text = path, executable = false) => ({ path, content: Buffer.from(text), executable });
const bundleOf = (text: string): EncodedBundle =>
  encodeBundle({ files: [file("worker.mjs", text)], entryPoint: "worker.mjs", runtime: "node" });

/** A run-store with these bundles; `fetched` counts. */
function serve(bundles: readonly EncodedBundle[], options: { maxUnused?: number; failures?: number } = {}) {
  const fetched: string[] = [];
  let failures = options.failures ?? 0;
  async function* chunks(bundleHash: string) {
    fetched.push(bundleHash);
    failures -= 1;
    if (failures >= 0) throw callFailureFromError(callError(ErrorReason.NOT_READY));
    const found = bundles.find(({ hash }) => hash === bundleHash);
    for (const byte of found?.bytes ?? [])
      yield { $typeName: "windlass.internal.v1.GetBundleResponse" as const, chunk: Uint8Array.of(byte) };
  }
  const client = {
    getBundle: ({ bundleHash = "" }) => Object.assign(chunks(bundleHash), { opened: Promise.resolve() }),
  } as unknown as Parameters<typeof createBundleCache>[0]["client"];
  const { maxUnused = 10 } = options;
  const cache = createBundleCache({ dataDir, client, maxUnused, clock, logger });
  return { cache, fetched };
}

async function acquire(cache: BundleCache, { hash }: EncodedBundle) {
  await cache.start();
  return cache.acquire(hash);
}

/** Moves time on, as often as somebody waits for it, until the promise has settled; gives its value or error. */
async function passTimeUntil(promise: Promise<object>): Promise<object> {
  const settled = promise.catch((error: Error) => error);
  for (;;) {
    const value = await Promise.race([settled, clock.timersPending(1)]);
    if (value !== undefined) return value;
    await clock.advance(100);
  }
}

const kept = async () => (await readdir(join(dataDir, "bundles"))).toSorted();

describe("a bundle", () => {
  it("is laid down as it is, and read-only", async () => {
    const bundle = encodeBundle({
      files: [file("lib/deep/data.json", "{}"), file("run.sh", "#!/bin/sh", true), file("worker.mjs", "1;")],
      entryPoint: "lib/deep/data.json",
      runtime: "exec",
    });
    const { dir, entryPoint, runtime } = await acquire(serve([bundle]).cache, bundle);
    expect({ entryPoint, runtime }).toEqual({ entryPoint: "lib/deep/data.json", runtime: "exec" });
    expect(await readFile(join(dir, "worker.mjs"), "utf8")).toBe("1;");
    const mode = async (path: string) => ((await stat(join(dir, path))).mode & 0o777).toString(8);
    expect(await Promise.all(["worker.mjs", "run.sh", "lib", "lib/deep", "."].map(mode))).toEqual([
      "444",
      "555",
      "555",
      "555",
      "555",
    ]);
  });

  it("is fetched once, for callers at the same time, for later ones, and for the next process", async () => {
    const bundle = bundleOf("1;");
    const { cache, fetched } = serve([bundle]);
    await cache.start();
    const [one, two] = await Promise.all([cache.acquire(bundle.hash), cache.acquire(bundle.hash)]);
    expect(one.dir).toBe(two.dir);
    await cache.acquire(bundle.hash);
    const later = serve([]);
    await acquire(later.cache, bundle);
    expect([...fetched, ...later.fetched]).toEqual([bundle.hash]);
  });

  it("is asked for again while the store restarts, for a limited time", async () => {
    const bundle = bundleOf("1;");
    const { cache, fetched } = serve([bundle], { failures: 3 });
    await cache.start();
    await passTimeUntil(cache.acquire(bundle.hash));
    expect(fetched).toHaveLength(4);

    const outcome = await passTimeUntil(serve([], { failures: 1_000 }).cache.acquire("a".repeat(64)));
    expect(outcome).toMatchObject({ reason: ErrorReason.NOT_READY });
  });

  it("is given up when the cache stops, and nothing of it is written after that", async () => {
    const [patient, hasty] = [bundleOf("1;"), bundleOf("2;")];
    const waiting = serve([], { failures: 1_000 }).cache;
    await waiting.start();
    const outcome = waiting.acquire(patient.hash).catch((error: Error) => error);
    await clock.timersPending(1);
    await waiting.stop();
    expect(await outcome).toBeInstanceOf(Error);

    const { cache } = serve([hasty]);
    const laid = cache.acquire(hasty.hash);
    await cache.stop();
    const keptThen = await kept();
    await laid;
    expect(keptThen).toEqual([hasty.hash]);
  });

  it("is refused when its bytes are not those of its hash, and nothing is left of it", async () => {
    const [bundle, other] = [bundleOf("1;"), bundleOf("2;")];
    const { cache } = serve([{ hash: bundle.hash, bytes: other.bytes }]);
    await expect(acquire(cache, bundle)).rejects.toThrow(`its bytes hash to ${other.hash}`);
    await expect(cache.acquire("../../etc")).rejects.toBeInstanceOf(BundleInvalid);
    expect(await kept()).toEqual([]);
  });

  it.each([
    "../outside",
    "/absolute",
    "lib/../../outside",
    "lib/./file",
    "lib//file",
    "back\\slash",
    "nul\0byte",
    "",
    ".",
    "x".repeat(2_000),
  ])("with the path %j is refused", async (path) => {
    const bundle = encodeBundle({ files: [file("worker.mjs"), file(path)], entryPoint: "worker.mjs", runtime: "node" });
    await expect(acquire(serve([bundle]).cache, bundle)).rejects.toThrow("is not a plain relative one");
    expect(await kept()).toEqual([]);
  });

  it.each([
    [{ files: [file("a"), file("a")], entryPoint: "a", runtime: "node" }, /twice/],
    [{ files: [file("a")], entryPoint: "b", runtime: "node" }, /entry point/],
    [{ files: [file("a")], entryPoint: "a", runtime: "bash" }, /runtime/],
  ])("that makes no sense (%#) is refused", async (init, about) => {
    const bundle = encodeBundle(init);
    await expect(acquire(serve([bundle]).cache, bundle)).rejects.toThrow(about);
  });

  it("that is not an encoded Bundle is refused", async () => {
    const { createHash } = await import("node:crypto");
    const bytes = Buffer.from("not protobuf");
    const hash = createHash("sha256").update(bytes).digest("hex");
    await expect(acquire(serve([{ hash, bytes }]).cache, { hash, bytes })).rejects.toBeInstanceOf(BundleInvalid);
  });

  it("that another process is laying down at the same moment stays as it is", async () => {
    const bundle = bundleOf("1;");
    const results = await Promise.all([1, 2, 3].map(() => acquire(serve([bundle]).cache, bundle)));
    expect(new Set(results.map(({ dir }) => dir)).size).toBe(1);
    expect(await kept()).toEqual([bundle.hash]);
  });
});

describe("the folder", () => {
  it("keeps what is used, and of the rest what was used last", async () => {
    const bundles = ["1;", "2;", "3;", "4;"].map(bundleOf);
    const { cache } = serve(bundles, { maxUnused: 1 });
    await cache.start();
    const held = [];
    for (const { hash } of bundles) {
      await clock.advance(1_000);
      held.push(await cache.acquire(hash));
    }
    held[1]?.release();
    held[0]?.release();
    held[0]?.release();
    held[2]?.release();
    // Acquiring waits for the removal under way.
    await cache.acquire(bundles[3]?.hash ?? "");
    expect(await kept()).toEqual([bundles[2]?.hash ?? "", bundles[3]?.hash ?? ""].toSorted());
  });

  it("is cleared of what a crash left half-made, and not of what another process is laying down", async () => {
    const halfMade = async (name: string, ageMs: number) => {
      const staging = join(dataDir, "bundles", name);
      await mkdir(join(staging, "files"), { recursive: true });
      await writeFile(join(staging, "files", "worker.mjs"), "");
      const time = new Date(clock.nowMs() - ageMs);
      await utimes(staging, time, time);
    };
    await halfMade(".staging-1", 2 * 3_600_000);
    await halfMade(".staging-2", 60_000);
    const { cache } = serve([bundleOf("1;")]);
    await cache.start();
    expect(await kept()).toEqual([".staging-2"]);
    await clock.advance(2 * 3_600_000);
    (await cache.acquire(bundleOf("1;").hash)).release();
    await cache.stop();
    expect(await kept()).toEqual([bundleOf("1;").hash]);
  });
});

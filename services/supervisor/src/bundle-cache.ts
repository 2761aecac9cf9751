import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, stat, utimes } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import type { Clock, Logger } from "@windlass/chassis";
import { type Bundle, BundleSchema, ErrorReason, type ExecutionService } from "@windlass/proto";
import { CallFailure, type Client } from "@windlass/proto/grpc";
import { BundleInvalid, findBundle, type LaidBundle, layDownBundle, removeBundle } from "./bundle-files.ts";

/** A bundle on this machine's disk, kept there at least until it is released. */
export interface CachedBundle extends LaidBundle {
  release(): void;
}

/** The bundles of versions executed on this machine, in `<dataDir>/bundles/<hash>`. */
export interface BundleCache {
  /** Removes what a crash left half-made. */
  start(): Promise<void>;
  /**
   * Fetches the bundle unless it is there, for at most 15 s. Callers at the same time share one fetch.
   * Throws CallFailure when it cannot be fetched, BundleInvalid when it is not what its hash says or must not be laid down.
   */
  acquire(bundleHash: string): Promise<CachedBundle>;
  /** Gives up what is being fetched; resolves when nothing writes to the disk any more. */
  stop(): Promise<void>;
}

const maxBundleBytes = 64 * 1024 * 1024;
const stagingPrefix = ".staging-";
/** Nobody takes so long to lay a bundle down: what is half-made and older was left by a crash, and not by a process that is at it. */
const leftoverAfterMs = 3_600_000;
const fetchLimitMs = 15_000;
/** While the run-store restarts, a fetch is tried again this often, plus up to as much again by chance. */
const retryDelayMs = 200;

export function createBundleCache(options: {
  dataDir: string;
  client: Pick<Client<typeof ExecutionService>, "getBundle">;
  /** How many bundles that nobody uses are kept. */
  maxUnused?: number;
  clock: Clock;
  logger: Logger;
}): BundleCache {
  const { client, clock, logger, maxUnused = 10 } = options;
  const root = resolve(options.dataDir, "bundles");
  const fetching = new Map<string, Promise<LaidBundle>>();
  const users = new Map<string, number>();
  const stopping = new AbortController();
  let evicting: Promise<void> = Promise.resolve();

  async function obtain(bundleHash: string): Promise<LaidBundle> {
    const dir = join(root, bundleHash);
    const found = await findBundle(dir);
    if (found !== undefined) return found;
    const bundle = await fetchPatiently(bundleHash);
    await layDownBundle(bundle, dir, join(root, `${stagingPrefix}${randomUUID()}`));
    const laid = await findBundle(dir);
    if (laid === undefined) throw new Error(`The bundle ${bundleHash} vanished while it was laid down.`);
    logger.info("bundle laid down", { bundleHash, files: bundle.files.length });
    return laid;
  }

  async function fetchPatiently(bundleHash: string): Promise<Bundle> {
    const deadlineMs = clock.monotonicMs() + fetchLimitMs;
    for (;;) {
      try {
        const timeoutMs = deadlineMs - clock.monotonicMs();
        return await fetchBundle(client, bundleHash, { timeoutMs, signal: stopping.signal });
      } catch (error) {
        const isPassing = error instanceof CallFailure && error.reason === ErrorReason.NOT_READY;
        const delayMs = retryDelayMs * (1 + Math.random());
        if (!isPassing || clock.monotonicMs() + delayMs >= deadlineMs) throw error;
        await clock.sleep(delayMs, stopping.signal);
      }
    }
  }

  /** Another process may use the same folder, such as the one that this one replaces: what that is laying down stays. */
  async function removeLeftovers(): Promise<void> {
    for (const name of await readdir(root)) {
      if (!name.startsWith(stagingPrefix)) continue;
      const changedMs = await stat(join(root, name)).then(
        ({ mtimeMs }) => mtimeMs,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOENT") throw error;
          return Number.POSITIVE_INFINITY; // it is laid down by now
        },
      );
      if (clock.nowMs() - changedMs > leftoverAfterMs) await removeBundle(join(root, name));
    }
  }

  /** Removes leftovers, and the bundles that nobody uses but the `maxUnused` used last. */
  async function evict(): Promise<void> {
    await removeLeftovers();
    const unused: { name: string; usedMs: number }[] = [];
    for (const name of await readdir(root)) {
      if (name.startsWith(stagingPrefix) || users.has(name)) continue;
      unused.push({ name, usedMs: (await stat(join(root, name))).mtimeMs });
    }
    unused.sort((left, right) => right.usedMs - left.usedMs);
    for (const { name } of unused.slice(maxUnused)) {
      if (users.has(name)) continue;
      await removeBundle(join(root, name));
      logger.info("bundle removed", { bundleHash: name });
    }
  }

  return {
    async start() {
      await mkdir(root, { recursive: true });
      await removeLeftovers();
    },

    async stop() {
      stopping.abort();
      await Promise.allSettled(fetching.values());
      await evicting;
    },

    async acquire(bundleHash) {
      if (!/^[0-9a-f]{64}$/.test(bundleHash)) throw new BundleInvalid("its hash is not a SHA-256");
      users.set(bundleHash, (users.get(bundleHash) ?? 0) + 1);
      const drop = () => {
        const left = (users.get(bundleHash) ?? 1) - 1;
        if (left > 0) users.set(bundleHash, left);
        else users.delete(bundleHash);
      };
      try {
        let laying = fetching.get(bundleHash);
        if (laying === undefined) {
          laying = evicting.then(() => obtain(bundleHash)).finally(() => fetching.delete(bundleHash));
          fetching.set(bundleHash, laying);
        }
        const laid = await laying;
        const now = new Date(clock.nowMs());
        await utimes(join(root, bundleHash), now, now);
        let isReleased = false;
        return {
          ...laid,
          release() {
            if (isReleased) return;
            isReleased = true;
            drop();
            evicting = evicting.then(evict).catch((error: unknown) => {
              logger.warn("cannot remove unused bundles", { error });
            });
          },
        };
      } catch (error) {
        drop();
        throw error;
      }
    },
  };
}

/** Fetches and decodes a bundle; what it is called is what its bytes hash to. */
async function fetchBundle(
  client: Pick<Client<typeof ExecutionService>, "getBundle">,
  bundleHash: string,
  call: { timeoutMs: number; signal: AbortSignal },
): Promise<Bundle> {
  const hash = createHash("sha256");
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const { chunk } of client.getBundle({ bundleHash }, call)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBundleBytes) throw new BundleInvalid("it is larger than 64 MB");
    hash.update(chunk);
    chunks.push(chunk);
  }
  const actual = hash.digest("hex");
  if (actual !== bundleHash) throw new BundleInvalid(`its bytes hash to ${actual}`);
  try {
    return fromBinary(BundleSchema, Buffer.concat(chunks, sizeBytes));
  } catch (error) {
    throw new BundleInvalid("it is not an encoded windlass.v1.Bundle", { cause: error });
  }
}

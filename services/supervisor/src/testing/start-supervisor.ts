import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, systemClock } from "@windlass/chassis";
import { removeBundle } from "../bundle-files.ts";
import { supervisorVariables } from "../config.ts";
import { createSupervisor } from "../service.ts";
import { commandsContaining } from "./processes.ts";
import { startFakeQueue } from "./fake-queue.ts";
import { startFakeStore } from "./fake-store.ts";
import type { EncodedBundle } from "./make-bundle.ts";
import { testLogger, testToken } from "./start-peer.ts";

/** A whole supervisor with real workers, between a run-store and a queue that a test controls. */
export async function startSupervisor(bundles: readonly EncodedBundle[], settings: Record<string, string> = {}) {
  const store = await startFakeStore(bundles);
  const queue = await startFakeQueue();
  const dataDir = await mkdtemp(join(tmpdir(), "windlass-supervisor-"));
  const config = {
    ...parseConfig(supervisorVariables, {
      WINDLASS_LISTEN: "127.0.0.1:0",
      WINDLASS_RUN_STORE_ADDRESS: store.address,
      WINDLASS_QUEUE_ADDRESS: queue.address,
      WINDLASS_INTERNAL_TOKEN: testToken,
      WINDLASS_DATA_DIR: dataDir,
      WINDLASS_WORKERS: "2",
      ...settings,
    }),
    hostname: "test",
  };
  const service = createSupervisor(config, systemClock, testLogger);
  /** Stops everything; throws when a process was left behind. */
  async function stop(): Promise<void> {
    await service.stop();
    await Promise.all([store.stop(), queue.stop()]);
    const left = await commandsContaining(dataDir);
    await removeBundle(dataDir);
    if (left.length > 0) throw new Error(`left behind: ${left.join("; ")}`);
  }
  try {
    await service.start();
    await store.until(queue.isOpen);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    store,
    queue,
    service,
    dataDir,
    /** The worker processes there are, with pid, state and command line. */
    workers: () => commandsContaining(dataDir),
    stop,
  };
}

export type TestSupervisor = Awaited<ReturnType<typeof startSupervisor>>;

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@windlass/chassis";
import { chooseDriver, DriverUnavailable } from "../driver/choose-driver.ts";
import {
  type Driver,
  type SandboxTier,
  sandboxTiers,
  type WorkerCommand,
  type WorkerProcess,
} from "../driver/driver.ts";
import { createGroupWatcher } from "../driver/group-watcher.ts";
import { defaultMachine } from "../driver/machine.ts";
import { noNetwork } from "../driver/oci/worker-network.ts";
import { listenForLine, type ListeningLine, sayModule } from "./listening-line.ts";
import { testLogger as logger } from "./start-peer.ts";

/** A tier, and why this machine cannot have it; undefined when it can. */
export interface TestedTier {
  readonly tier: SandboxTier;
  readonly whyNot: string | undefined;
}

/** All tiers, tried on this machine. */
export async function tryTiers(): Promise<TestedTier[]> {
  const tested: TestedTier[] = [];
  for (const tier of sandboxTiers) {
    try {
      const sandbox = await openSandbox(tier);
      await sandbox.close();
      tested.push({ tier, whyNot: undefined });
    } catch (error) {
      if (!(error instanceof DriverUnavailable)) throw error;
      tested.push({ tier, whyNot: error.message });
    }
  }
  return tested;
}

/** For the name of what is skipped. */
export function skipNote(whyNot: string | undefined): string {
  return whyNot === undefined ? "" : ` (not on this machine: ${whyNot})`;
}

/** A driver with folders of its own. */
export interface Sandbox {
  readonly driver: Driver;
  /** What the bundle is laid down in. */
  readonly bundleDir: string;
  readonly privateDir: string;
  /** Starts a worker whose entry point is this source; it imports `say` from "./say.mjs" to be heard. */
  start(source: string, overrides?: Partial<WorkerCommand>): Promise<TestWorker>;
  /** Ends the workers that are left; throws when one had to be ended by force and does not end. */
  close(): Promise<void>;
}

export interface TestWorker {
  readonly id: string;
  readonly process: WorkerProcess;
  /** What it says next. Rejects, with its output, when it ends before. */
  next(): Promise<unknown>;
  /** Resolves when nothing holds its end of the line any more: neither it, nor what it gave the line to. */
  readonly hungUp: Promise<void>;
}

/** Rejects with DriverUnavailable where the machine cannot. */
export async function openSandbox(tier: SandboxTier, network = noNetwork): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-sandbox-"));
  const [bundleDir, privateDir] = [join(folder, "bundle"), join(folder, "private")];
  await mkdir(bundleDir);
  await mkdir(privateDir, { mode: 0o700 });
  await writeFile(join(bundleDir, "say.mjs"), sayModule);
  const watcher = createGroupWatcher({ privateDir, logger });
  watcher.start();
  const options = { choice: tier, runtimePath: undefined, requireTier: tier, network };
  const chosen = await chooseDriver({ ...options, privateDir, watcher, clock: systemClock, logger }).catch(
    async (error: unknown) => {
      await watcher.stop();
      await rm(folder, { recursive: true });
      throw error;
    },
  );
  const workers: WorkerProcess[] = [];
  const lines: ListeningLine[] = [];
  let started = 0;

  return {
    driver: chosen.driver,
    bundleDir,
    privateDir,
    async start(source, overrides = {}) {
      started += 1;
      const id = `worker-${started}`;
      const line = await listenForLine(join(privateDir, `s${started}`));
      lines.push(line);
      const entryPoint = `worker-${started}.mjs`;
      await writeFile(join(bundleDir, entryPoint), source);
      const process = await chosen.driver.start(id, {
        bundleDir,
        entryPoint,
        runtime: "node",
        machine: defaultMachine,
        address: line.address,
        token: "the-token-of-a-test",
        ...overrides,
      });
      workers.push(process);
      const ended = process.exited.then((exit) => {
        throw new Error(`The worker ended: ${JSON.stringify(exit)}`);
      });
      ended.catch(() => {});
      return {
        id,
        process,
        next: () => Promise.race([line.next(), ended]),
        hungUp: line.hungUp,
      };
    },
    async close() {
      for (const worker of workers) worker.kill();
      await Promise.all(workers.map(({ exited }) => exited));
      for (const line of lines) line.close();
      await chosen.close();
      await watcher.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Source that starts a child that ignores signals and has the worker's line. Where the tier ends that as well, it has also left
 * the worker's process group and session.
 */
export function spawnStubborn(tier: SandboxTier): string {
  return `
    import { spawn } from "node:child_process";
    import { line, say } from "./say.mjs";
    const child = spawn("/bin/sh", ["-c", "trap '' TERM HUP INT; echo; while :; do sleep 0.1; done"], {
      stdio: ["ignore", "pipe", "ignore", line],
      detached: ${tier !== "process"},
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    child.unref();`;
}

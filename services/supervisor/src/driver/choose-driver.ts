import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Clock, Logger } from "@windlass/chassis";
import type { Driver, SandboxTier } from "./driver.ts";
import type { GroupWatcher } from "./group-watcher.ts";
import { parseHierarchies } from "./oci/cgroup-hierarchies.ts";
import { supervisorCgroupName } from "./oci/cgroup-sweep.ts";
import { createOciDriver } from "./oci/oci-driver.ts";
import { findRuntime, type OciRuntimeName, RuntimeUnavailable } from "./oci/oci-runtime.ts";
import { probeDriver } from "./oci/probe.ts";
import { createWorkerCgroups, type WorkerCgroups } from "./oci/worker-cgroups.ts";
import type { WorkerNetwork } from "./oci/worker-network.ts";
import { createProcessDriver } from "./process-driver.ts";
import { isAtLeast } from "./sandbox-tier.ts";

/** "auto": the strongest that works on this machine. */
export type DriverChoice = SandboxTier | "auto";

export interface DriverOptions {
  readonly choice: DriverChoice;
  /** The runtime's program, when it is not the one found by its name. */
  readonly runtimePath: string | undefined;
  /** The weakest that will do. */
  readonly requireTier: SandboxTier;
  readonly network: WorkerNetwork;
  /** The supervisor's private folder; it exists. */
  readonly privateDir: string;
  /** Started. */
  readonly watcher: GroupWatcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A driver that has been tried, and what it needs. */
export interface ChosenDriver {
  readonly driver: Driver;
  /** Once no worker is left. */
  close(): Promise<void>;
}

/** No driver that is wanted works here. The message says what is missing. */
export class DriverUnavailable extends Error {
  override readonly name = "DriverUnavailable";
}

/** Strongest first; of two that are as strong the one that is found everywhere. */
const runtimesByStrength: readonly OciRuntimeName[] = ["runsc", "runc", "crun"];

/**
 * The driver that is asked for, after a real container has been started with it. It is never quietly a weaker one: throws
 * DriverUnavailable when what is asked for does not work here, or nothing that does is as strong as `requireTier`.
 */
export async function chooseDriver(options: DriverOptions): Promise<ChosenDriver> {
  const { choice, requireTier, logger } = options;
  const reasons: string[] = [];
  for (const tier of candidates(choice)) {
    if (!isAtLeast(tier, requireTier)) {
      reasons.push(`${tier} confines less than ${requireTier}, which WINDLASS_REQUIRE_TIER asks for`);
      continue;
    }
    if (tier === "process") return { driver: createProcessDriver(options), close: () => Promise.resolve() };
    try {
      return await openRuntime(tier, options);
    } catch (error) {
      const { message } = error as Error;
      reasons.push(`${tier}: ${message}`);
      logger.info("a sandbox does not work here", { tier, reason: message });
    }
  }
  throw new DriverUnavailable(`workers cannot be started as they are to be (${reasons.join("; ")})`);
}

function candidates(choice: DriverChoice): readonly SandboxTier[] {
  return choice === "auto" ? [...runtimesByStrength, "process"] : [choice];
}

async function openRuntime(name: OciRuntimeName, options: DriverOptions): Promise<ChosenDriver> {
  const { privateDir, network, watcher, clock, logger } = options;
  if (process.platform !== "linux") throw new RuntimeUnavailable("containers need Linux");
  if (process.getuid?.() !== 0) throw new RuntimeUnavailable("the supervisor does not run as root");
  const runtime = await findRuntime(name, options.runtimePath);
  const cgroups = await openCgroups(clock);
  try {
    watcher.watchCgroups(cgroups.folders);
    const driver = await createOciDriver({ runtime, privateDir, cgroups, network, watcher, clock, logger });
    await probeDriver({ driver, cgroups, privateDir, clock });
    logger.info("workers are sandboxed", { runtime: name, version: runtime.version, cgroups: cgroups.version });
    return { driver, close: () => cgroups.stop() };
  } catch (error) {
    await cgroups.stop();
    throw error;
  }
}

async function openCgroups(clock: Clock): Promise<WorkerCgroups> {
  const [mountinfo, own] = await Promise.all([
    readFile("/proc/self/mountinfo", "utf8"),
    readFile("/proc/self/cgroup", "utf8"),
  ]);
  const cgroups = createWorkerCgroups({
    hierarchies: parseHierarchies(mountinfo, own),
    name: supervisorCgroupName(process.pid, randomBytes(4).toString("hex")),
    processors: availableParallelism(),
    clock,
  });
  await cgroups.start();
  return cgroups;
}

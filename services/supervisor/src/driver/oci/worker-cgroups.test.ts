import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@windlass/chassis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Hierarchy, parseHierarchies } from "./cgroup-hierarchies.ts";
import { createWorkerCgroups, type WorkerCgroups } from "./worker-cgroups.ts";

const [mountinfo = "", own = ""] = await Promise.all(
  ["mountinfo", "cgroup"].map((name) => readFile(`/proc/self/${name}`, "utf8").catch(() => "")),
);
const hierarchies = parseHierarchies(mountinfo, own);
const cpu = hierarchies.find(({ version, controllers }) => version === 1 && controllers.includes("cpu"));
const whyNot = process.getuid?.() !== 0 ? "not root" : cpu === undefined ? "no cgroups of version 1" : undefined;

const name = `windlass-${process.pid}-quota`;
const limits = { memoryBytes: 64 * 1_048_576, cpu: 0.25, maxProcesses: 64 };

describe.skipIf(whyNot !== undefined)(`quotas of processors${whyNot === undefined ? "" : ` (${whyNot})`}`, () => {
  /** The cgroup of a supervisor. */
  let folder: string;
  let cgroups: WorkerCgroups;
  beforeEach(async () => {
    folder = join(cpu?.ownFolder ?? "", `windlass-test-${process.pid}`);
    await mkdir(folder);
    const below = (each: Hierarchy): Hierarchy => (each === cpu ? { ...each, ownFolder: folder } : each);
    cgroups = createWorkerCgroups({ hierarchies: hierarchies.map(below), name, processors: 1, clock: systemClock });
    await cgroups.start();
  });
  afterEach(async () => {
    await cgroups.stop();
    await rmdir(folder);
  });
  const quotaUs = async () => Number(await readFile(join(folder, name, "w", "cpu.cfs_quota_us"), "utf8"));

  it("are a whole processor until a worker has started, and its machine's from then on", async () => {
    const cgroup = await cgroups.create("w", limits);
    expect(await quotaUs()).toBe(100_000);
    cgroup.endStart();
    expect(await quotaUs()).toBe(25_000);
    await cgroup.remove();
  });

  it("are never less than its machine's", async () => {
    const cgroup = await cgroups.create("w", { ...limits, cpu: 2 });
    expect(await quotaUs()).toBe(200_000);
    await cgroup.remove();
  });

  it("are its machine's from the beginning where the supervisor may not give more", async () => {
    await writeFile(join(folder, "cpu.cfs_quota_us"), "50000");
    const cgroup = await cgroups.create("w", limits);
    expect(await quotaUs()).toBe(25_000);
    await cgroup.remove();
  });
});

import { type CgroupSetting, type CgroupVersion, cpuPeriodUs, numberAfter, wholeNumber } from "./cgroup-version.ts";

/**
 * A cgroup competes for processors like a single process does, against every process beside it. All workers together get the
 * weight of this many processes for each processor: enough not to be starved by a busy machine, and not so much that
 * they would starve the supervisor beside them.
 */
const sharesPerProcessor = 2 * 1_024;

function processorLimit(cpu: number): CgroupSetting {
  return { controller: "cpu", file: "cpu.cfs_quota_us", value: String(Math.round(cpu * cpuPeriodUs)) };
}

/** cgroups of version 1: a hierarchy for each controller. */
export const cgroupV1: CgroupVersion = {
  version: 1,
  neededControllers: ["cpu", "freezer", "memory", "pids"],
  supervisorSettings: (processors) => [
    { controller: "cpu", file: "cpu.shares", value: String(processors * sharesPerProcessor) },
  ],
  workerSettings: ({ memoryBytes, cpu, maxProcesses }) => [
    { controller: "memory", file: "memory.limit_in_bytes", value: String(memoryBytes) },
    // Memory and swap together, so that there is no swap; the kernel refuses it when it is below the limit before.
    { controller: "memory", file: "memory.memsw.limit_in_bytes", value: String(memoryBytes), isOptional: true },
    { controller: "cpu", file: "cpu.cfs_period_us", value: String(cpuPeriodUs) },
    processorLimit(cpu),
    { controller: "cpu", file: "cpu.shares", value: String(Math.max(2, Math.round(cpu * 1_024))) },
    { controller: "pids", file: "pids.max", value: String(maxProcesses) },
  ],
  processorLimit,
  freeze: { controller: "freezer", file: "freezer.state", value: "FROZEN" },
  thaw: { controller: "freezer", file: "freezer.state", value: "THAWED" },
  kill: undefined,
  async workingSetBytes(read) {
    const usedBytes = wholeNumber(await read("memory", "memory.usage_in_bytes"));
    if (usedBytes === undefined) return undefined;
    const cacheBytes = numberAfter(await read("memory", "memory.stat"), "total_inactive_file") ?? 0;
    return Math.max(0, usedBytes - cacheBytes);
  },
  async memoryExceeded(read, { memoryBytes }) {
    // The kernel counts its kills in the victim's own cgroup only, which is the leaf, while the limit is its parent's.
    const control = await read("memory", "memory.oom_control", "leaf");
    const peakBytes = wholeNumber(await read("memory", "memory.max_usage_in_bytes")) ?? 0;
    const hasKilled = control === undefined ? peakBytes >= memoryBytes : (numberAfter(control, "oom_kill") ?? 0) > 0;
    return hasKilled ? { limitBytes: memoryBytes, peakBytes } : undefined;
  },
};

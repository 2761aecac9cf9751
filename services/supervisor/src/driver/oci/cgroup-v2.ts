import { type CgroupSetting, type CgroupVersion, cpuPeriodUs, numberAfter, wholeNumber } from "./cgroup-version.ts";

/** See `sharesPerProcessor` of version 1; here 100 is the weight of one. */
const weightPerProcessor = 2 * 100;
const maxWeight = 10_000;

function processorLimit(cpu: number): CgroupSetting {
  return { controller: "cpu", file: "cpu.max", value: `${Math.round(cpu * cpuPeriodUs)} ${cpuPeriodUs}` };
}

/** cgroups of version 2: one hierarchy for all controllers (kernel documentation, admin-guide/cgroup-v2). */
export const cgroupV2: CgroupVersion = {
  version: 2,
  neededControllers: ["cpu", "memory", "pids"],
  supervisorSettings: (processors) => [
    { controller: "cpu", file: "cpu.weight", value: String(Math.min(maxWeight, processors * weightPerProcessor)) },
  ],
  workerSettings: ({ memoryBytes, cpu, maxProcesses }) => [
    { controller: "memory", file: "memory.max", value: String(memoryBytes) },
    { controller: "memory", file: "memory.swap.max", value: "0", isOptional: true },
    // Whatever process is over the limit, the worker ends as a whole: a task without its child is none.
    { controller: "memory", file: "memory.oom.group", value: "1", isOptional: true },
    processorLimit(cpu),
    { controller: "cpu", file: "cpu.weight", value: String(Math.min(maxWeight, Math.max(1, Math.round(cpu * 100)))) },
    { controller: "pids", file: "pids.max", value: String(maxProcesses) },
  ],
  processorLimit,
  freeze: { controller: "", file: "cgroup.freeze", value: "1" },
  thaw: { controller: "", file: "cgroup.freeze", value: "0" },
  kill: { controller: "", file: "cgroup.kill", value: "1", isOptional: true },
  async workingSetBytes(read) {
    const usedBytes = wholeNumber(await read("memory", "memory.current"));
    if (usedBytes === undefined) return undefined;
    const cacheBytes = numberAfter(await read("memory", "memory.stat"), "inactive_file") ?? 0;
    return Math.max(0, usedBytes - cacheBytes);
  },
  async memoryExceeded(read, { memoryBytes }) {
    const kills = numberAfter(await read("memory", "memory.events"), "oom_kill") ?? 0;
    if (kills === 0) return undefined;
    // Kernels before 5.19 do not tell the peak; what was killed for its memory had all of it.
    const peakBytes = wholeNumber(await read("memory", "memory.peak")) ?? memoryBytes;
    return { limitBytes: memoryBytes, peakBytes };
  },
};

import { describe, expect, it } from "vitest";
import { cgroupV1 } from "./cgroup-v1.ts";
import { cgroupV2 } from "./cgroup-v2.ts";
import type { CgroupSetting, ReadCgroupFile } from "./cgroup-version.ts";

const limits = { memoryBytes: 512 * 1_048_576, cpu: 0.5, maxProcesses: 128 };

const written = (settings: readonly CgroupSetting[]) => settings.map(({ file, value }) => `${file}=${value}`);

/** Reads from texts by file's name, those of the leaf with "leaf/" before it. */
const reading =
  (files: Record<string, string>): ReadCgroupFile =>
  (_controller, file, at) =>
    Promise.resolve(files[at === undefined ? file : `${at}/${file}`]);

describe("version 1", () => {
  it("limits memory before memory with swap, as the kernel wants it, and gives a share besides the limit of processors", () => {
    expect(written(cgroupV1.workerSettings(limits))).toEqual([
      "memory.limit_in_bytes=536870912",
      "memory.memsw.limit_in_bytes=536870912",
      "cpu.cfs_period_us=100000",
      "cpu.cfs_quota_us=50000",
      "cpu.shares=512",
      "pids.max=128",
    ]);
    expect(written(cgroupV1.supervisorSettings(4))).toEqual(["cpu.shares=8192"]);
  });

  it("does not count cache that would be given back", async () => {
    const read = reading({ "memory.usage_in_bytes": "1000\n", "memory.stat": "cache 900\ntotal_inactive_file 600\n" });
    expect(await cgroupV1.workingSetBytes(read)).toBe(400);
    expect(await cgroupV1.workingSetBytes(reading({}))).toBeUndefined();
  });

  it("believes the kernel's count of kills, and the peak alone only where a runtime has removed it", async () => {
    const peak = { "memory.max_usage_in_bytes": `${limits.memoryBytes}\n` };
    const exceeded = { limitBytes: limits.memoryBytes, peakBytes: limits.memoryBytes };
    const control = (kills: number) => ({ "leaf/memory.oom_control": `oom_kill_disable 0\noom_kill ${kills}\n` });
    expect(await cgroupV1.memoryExceeded(reading({ ...peak, ...control(1) }), limits)).toEqual(exceeded);
    expect(await cgroupV1.memoryExceeded(reading({ ...peak, ...control(0) }), limits)).toBeUndefined();
    expect(await cgroupV1.memoryExceeded(reading(peak), limits)).toEqual(exceeded);
    expect(await cgroupV1.memoryExceeded(reading({ "memory.max_usage_in_bytes": "5" }), limits)).toBeUndefined();
  });
});

describe("version 2", () => {
  it("limits memory without swap, processors and processes, and ends a worker as a whole", () => {
    expect(written(cgroupV2.workerSettings(limits))).toEqual([
      "memory.max=536870912",
      "memory.swap.max=0",
      "memory.oom.group=1",
      "cpu.max=50000 100000",
      "cpu.weight=50",
      "pids.max=128",
    ]);
    expect(written(cgroupV2.supervisorSettings(100))).toEqual(["cpu.weight=10000"]);
  });

  it("does not count cache that would be given back", async () => {
    const read = reading({ "memory.current": "1000\n", "memory.stat": "anon 400\ninactive_file 600\n" });
    expect(await cgroupV2.workingSetBytes(read)).toBe(400);
  });

  it("tells the peak when the kernel has killed something", async () => {
    const events = (kills: number) => ({ "memory.events": `low 0\noom ${kills}\noom_kill ${kills}\n` });
    const peak = { "memory.peak": "536000000\n" };
    expect(await cgroupV2.memoryExceeded(reading({ ...events(0), ...peak }), limits)).toBeUndefined();
    expect(await cgroupV2.memoryExceeded(reading({ ...events(2), ...peak }), limits)).toEqual({
      limitBytes: limits.memoryBytes,
      peakBytes: 536_000_000,
    });
    expect(await cgroupV2.memoryExceeded(reading(events(1)), limits)).toMatchObject({ peakBytes: limits.memoryBytes });
  });
});

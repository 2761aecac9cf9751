import { describe, expect, it } from "vitest";
import { createRandom } from "../faults/random.ts";
import type { Footprint } from "./footprint.ts";
import { kinds, planRuns } from "./kinds.ts";
import { createMemorySamples } from "./memory-samples.ts";
import { judgeFootprints, judgeKinds } from "./report.ts";
import { parseSoakOptions } from "./soak-options.ts";

describe("the plan of a soak", () => {
  it("has as many runs as were asked for, of every kind, in its proportion", () => {
    const plan = planRuns(20_000, createRandom(1).next);
    expect(plan).toHaveLength(20_000);
    const shares = kinds.map((kind) => plan.filter((each) => each === kind).length);
    expect(shares).toEqual(kinds.map(({ perMille }) => perMille * 20));
    expect(new Set(planRuns(100, createRandom(1).next)).size).toBe(kinds.length);
  });

  it("is in an order that only the seed decides", () => {
    const names = (seed: number) => planRuns(1_000, createRandom(seed).next).map(({ name }) => name);
    expect(names(7)).toEqual(names(7));
    expect(names(7)).not.toEqual(names(8));
  });
});

describe("what a soak finds", () => {
  const held: Footprint = { files: 40, children: 5, processes: 21, cgroups: 90, residentMb: 130 };

  function judge(after: Partial<Footprint>, lateMb = 130): string[] {
    const memory = createMemorySamples();
    memory.add("supervisor", 0.3, 130);
    memory.add("supervisor", 0.95, lateMb);
    const [before, last] = [new Map([["supervisor", held]]), new Map([["supervisor", { ...held, ...after }]])];
    return judgeFootprints(["supervisor"], 8, { before, after: last, memory });
  }

  it("is nothing when there are more workers, each as large as before", () => {
    expect(judge({ files: 52, children: 9, processes: 40, cgroups: 170 }, 140)).toEqual([]);
  });

  it.each<[string, Partial<Footprint>]>([
    ["file descriptors", { files: 70 }],
    ["processes", { processes: 40 }],
    ["control groups", { cgroups: 200 }],
    ["child processes", { children: 12 }],
  ])("is that %s were left", (what, after) => {
    expect(judge(after)).toEqual([expect.stringContaining(what)]);
  });

  it("is that memory grew, or that nobody looked at it", () => {
    expect(judge({}, 180)).toEqual([expect.stringContaining("memory grew from 130 to 180 MB")]);
    const both = new Map([["queue", held]]);
    const unseen = judgeFootprints(["queue"], 8, { before: both, after: both, memory: createMemorySamples() });
    expect(unseen).toEqual([expect.stringContaining("was not sampled")]);
  });

  it("is every kind of which a run ended otherwise", () => {
    const [kind] = kinds;
    if (kind === undefined) throw new Error("there are kinds");
    const results = new Map([["succeeds", { kind, runs: 2, wrong: ["run_1 is FAILED TASK_ERROR after FAILED"] }]]);
    expect(judgeKinds(results)).toEqual([expect.stringContaining("run_1 is FAILED")]);
  });
});

describe("the command line of a soak", () => {
  it("takes sizes, a seed and settings of the supervisor, and refuses what it cannot use", () => {
    const args = ["--runs", "1000", "--set", "WINDLASS_DRIVER=runc", "--set", "WINDLASS_RUNTIME_PATH=/a=b"];
    expect(parseSoakOptions(args)).toEqual({
      runs: 1_000,
      workers: 8,
      seed: 1,
      settings: { WINDLASS_DRIVER: "runc", WINDLASS_RUNTIME_PATH: "/a=b" },
    });
    expect(parseSoakOptions(["--help"])).toBe("help");
    const wrong: [string[], string][] = [
      [["--runs", "10"], "from 100"],
      [["--runs", "1e3"], "from 100"],
      [["--set", "driver=runc"], "NAME=value"],
      [["--size", "3"], "--size"],
    ];
    for (const [given, why] of wrong) expect(() => parseSoakOptions(given)).toThrow(why);
  });
});

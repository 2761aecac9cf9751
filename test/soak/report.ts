import { formatTable } from "../bench/report.ts";
import type { KindResult } from "./check-ends.ts";
import type { Footprint } from "./footprint.ts";
import { isFlat, type MemorySamples } from "./memory-samples.ts";

/** What the services held before the runs and after them, both at rest, and their memory while runs were under way. */
export interface Footprints {
  readonly before: ReadonlyMap<string, Footprint>;
  readonly after: ReadonlyMap<string, Footprint>;
  readonly memory: MemorySamples;
}

/** What may be there at one moment of rest and not at another: connections, and a worker that is about to go. One a crash would be hundreds. */
const FILES_SLACK = 24;
const PROCESSES_SLACK = 8;
const CGROUPS_SLACK = 32;
/** Children of a supervisor beside the workers that may execute at once: the watcher, the spare, and one that is about to go. */
const OTHER_CHILDREN = 3;
const SHOWN = 5;

export function printKinds(results: ReadonlyMap<string, KindResult>): string {
  const rows = Array.from(results.values(), ({ kind, runs, wrong }) => [
    kind.name,
    String(runs),
    [kind.status, kind.code ?? ""].join(" ").trim(),
    wrong.length === 0 ? "all" : `NOT ${wrong.length}`,
  ]);
  return formatTable([["a run that", "runs", "ends", "did"], ...rows]);
}

export function judgeKinds(results: ReadonlyMap<string, KindResult>): string[] {
  return Array.from(results.values()).flatMap(({ kind, wrong }) =>
    wrong.length === 0
      ? []
      : [
          `${wrong.length} runs of the kind "${kind.name}" did not end as they must: ${wrong.slice(0, SHOWN).join("; ")}`,
        ],
  );
}

export function printFootprints(names: readonly string[], { before, after, memory }: Footprints): string {
  const rows = names.map((name) => {
    const [first, last] = [before.get(name), after.get(name)];
    return [
      name,
      `${first?.files} -> ${last?.files}`,
      `${first?.children} -> ${last?.children}`,
      `${first?.processes} -> ${last?.processes}`,
      `${first?.cgroups} -> ${last?.cgroups}`,
      `${whole(memory.early(name))} -> ${whole(memory.late(name))}`,
      `${whole(first?.residentMb)} -> ${whole(last?.residentMb)}`,
    ];
  });
  const head = [
    "service",
    "files",
    "children",
    "processes",
    "cgroups",
    "least MB, from 25 % -> from 65 %",
    "MB at rest",
  ];
  return formatTable([head, ...rows]);
}

function whole(megabytes: number | undefined): string {
  return megabytes === undefined ? "?" : String(Math.round(megabytes));
}

/** What these services hold more of after the runs than before them; `workers` may execute at once, and each may have been started since. */
export function judgeFootprints(
  names: readonly string[],
  workers: number,
  { before, after, memory }: Footprints,
): string[] {
  return names.flatMap((name) => {
    const [first, last] = [before.get(name), after.get(name)];
    const [early, late] = [memory.early(name), memory.late(name)];
    if (first === undefined || last === undefined) return [`${name} was not looked at`];
    // How many processes and groups a worker is depends on the driver.
    const share = Math.max(1, last.children / Math.max(1, first.children));
    return [
      ...grown(name, "file descriptors", first.files, last.files, FILES_SLACK),
      ...(last.children <= workers + OTHER_CHILDREN ? [] : [`${name}: has ${last.children} child processes at rest`]),
      ...grown(name, "processes", first.processes * share, last.processes, PROCESSES_SLACK),
      ...grown(name, "control groups", first.cgroups * share, last.cgroups, CGROUPS_SLACK),
      ...(early === undefined || late === undefined
        ? [`${name}: its memory was not sampled: too few runs`]
        : isFlat(early, late)
          ? []
          : [
              `${name}: memory grew from ${whole(early)} to ${whole(late)} MB between the runs after the first quarter and the last`,
            ]),
    ];
  });
}

function grown(name: string, what: string, before: number, after: number, slack: number): string[] {
  return after <= before + slack
    ? []
    : [`${name}: ${after} ${what} after, where ${Math.round(before)} are to be expected`];
}

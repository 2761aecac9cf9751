// How long a worker takes to start: `npm run bench:workers` (-- --json for a program) prints it for every sandbox tier that this machine can have, and why it cannot have the others.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { AttemptOutcome, type FinishAttempt } from "@windlass/proto";
import { bundle, type TaskBundle } from "@windlass/sdk/build";
import { sandboxTiers, type SandboxTier } from "../../services/supervisor/src/driver/driver.ts";
import { execute } from "../../services/supervisor/src/testing/follow-lease.ts";
import { makeLease } from "../../services/supervisor/src/testing/make-lease.ts";
import { startSupervisor, type TestSupervisor } from "../../services/supervisor/src/testing/start-supervisor.ts";
import { addSandboxTools } from "../kit/sandbox-tools.ts";
import { createScratchDirectory } from "../kit/scratch-directory.ts";
import { type Figure, formatFigures, formatTable, roundFigure } from "./report.ts";
import { median } from "./stats.ts";

const VERSIONS = 7;
const FRESH_RUNS = 7;
/** What a version never seen may take from its lease to the first line of `run`. */
const TARGET_MS: Record<SandboxTier, number> = { process: 300, runc: 500, crun: 500, runsc: 1000 };

/** What the task of the bench says of the moments of its own process, in milliseconds since 1970. */
interface Moments {
  /** Its Node.js began. */
  readonly process: number;
  /** Its task file was loaded: the runtime is, and the supervisor has been spoken with. */
  readonly file: number;
  /** The first line of `run`. */
  readonly run: number;
}

/** Medians from the lease of a version never seen, in milliseconds. */
export interface WorkerStart {
  readonly processMs: number;
  readonly fileMs: number;
  readonly runMs: number;
  /** From the lease to the first line of `run` in a fresh process that was started ahead. */
  readonly freshRunMs: number;
  /** From the moment a task allocates twice what its machine has to the moment its end is known. */
  readonly outOfMemoryMs: number;
}

/** Starts a supervisor of this tier with real workers, and a run-store and a queue that do nothing else. Throws when the machine cannot have it. */
export async function measureWorkerStart(tier: SandboxTier): Promise<WorkerStart> {
  const scratch = createScratchDirectory();
  const bundles = await Promise.all(Array.from({ length: VERSIONS + 1 }, (_, n) => bundleOf(scratch.path, n)));
  const supervisor = await startSupervisor(bundles, { WINDLASS_WORKERS: "2", WINDLASS_DRIVER: tier }).catch(
    (error: unknown) => {
      scratch.remove();
      throw error;
    },
  );
  try {
    const [warmUp, ...versions] = bundles;
    if (warmUp === undefined) throw new Error("there is a version to warm up with");
    await lease(supervisor, warmUp);
    const cold: Moments[] = [];
    for (const version of versions) cold.push(await lease(supervisor, version));
    const fresh: number[] = [];
    await lease(supervisor, warmUp, { needsFreshProcess: true });
    for (let n = 0; n < FRESH_RUNS; n += 1) {
      // As long as the next one takes to be there: runs come one at a time here.
      await new Promise((resolve) => setTimeout(resolve, 3 * median(cold.map(({ run }) => run))));
      fresh.push((await lease(supervisor, warmUp, { needsFreshProcess: true })).run);
    }
    return {
      processMs: median(cold.map(({ process }) => process)),
      fileMs: median(cold.map(({ file }) => file)),
      runMs: median(cold.map(({ run }) => run)),
      freshRunMs: median(fresh),
      outOfMemoryMs: await measureOutOfMemory(supervisor, warmUp),
    };
  } finally {
    await supervisor.stop();
    scratch.remove();
  }
}

/** The lines of the table about the process tier, which every machine has. */
export function workerStartFigures({ runMs, freshRunMs, outOfMemoryMs }: WorkerStart): Figure[] {
  return [
    {
      key: "worker_start_ms",
      label: "lease of a new version -> first line of run",
      value: runMs,
      unit: "ms",
      target: { atMost: TARGET_MS.process },
    },
    { key: "fresh_start_ms", label: 'the same, isolation: "fresh", one at a time', value: freshRunMs, unit: "ms" },
    {
      key: "out_of_memory_ms",
      label: "allocating past the machine -> its end",
      value: outOfMemoryMs,
      unit: "ms",
      target: { atMost: 2000 },
    },
  ];
}

async function bundleOf(folder: string, version: number): Promise<TaskBundle> {
  const source = join(folder, `version-${version}`);
  await mkdir(source);
  await writeFile(
    join(source, "tasks.ts"),
    `import { task } from "@windlass/sdk";
const file = Date.now();
export const starts = task({ id: "starts", run: async () => ({ run: Date.now(), file, process: performance.timeOrigin, version: ${version} }) });
export const grows = task({ id: "grows", run: async () => {
  const kept = [];
  for (let n = 0; n < 16; n += 1) kept.push(Buffer.alloc(32 * 1024 * 1024, 1));
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  return kept.length;
} });
`,
  );
  return bundle(source);
}

async function lease(
  supervisor: TestSupervisor,
  { hash }: TaskBundle,
  overrides: { needsFreshProcess?: boolean } = {},
): Promise<Moments> {
  const leasedMs = Date.now();
  const finish = await execute(supervisor, makeLease({ taskId: "starts", bundleHash: hash, ...overrides }));
  const { process, file, run } = outputOf(finish);
  return { process: process - leasedMs, file: file - leasedMs, run: run - leasedMs };
}

function outputOf({ outcome, output, error }: FinishAttempt): Moments {
  if (outcome !== AttemptOutcome.SUCCEEDED) throw new Error(`an attempt did not succeed: ${error?.message ?? outcome}`);
  return JSON.parse(Buffer.from(output?.data ?? []).toString()) as Moments;
}

async function measureOutOfMemory(supervisor: TestSupervisor, { hash }: TaskBundle): Promise<number> {
  const { startTime, finishTime, error } = await execute(
    supervisor,
    makeLease({ taskId: "grows", bundleHash: hash, machine: "micro" }),
  );
  if (startTime === undefined || finishTime === undefined || error?.name !== "OutOfMemoryError") {
    throw new Error(`an attempt that was to run out of memory ended otherwise: ${error?.message ?? "it succeeded"}`);
  }
  return timestampMs(finishTime) - timestampMs(startTime);
}

if (import.meta.main) {
  const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const starts = new Map<SandboxTier, WorkerStart>();
  const lacking: string[][] = [];
  for (const reason of await addSandboxTools((step) => void process.stderr.write(`${step}\n`))) {
    process.stderr.write(`${reason}\n`);
  }
  for (const tier of sandboxTiers) {
    try {
      starts.set(tier, await measureWorkerStart(tier));
    } catch (error) {
      lacking.push([tier, (error as Error).message]);
    }
  }
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ ...Object.fromEntries(starts), lacking: Object.fromEntries(lacking) })}\n`,
    );
  } else {
    const figures = [...starts].map(([tier, { runMs }]) => ({
      key: tier,
      label: `${tier}: lease of a new version -> first line of run`,
      value: runMs,
      unit: "ms",
      target: { atMost: TARGET_MS[tier] },
    }));
    const ms = (value: number) => `${roundFigure(value)} ms`;
    const rows = [...starts].map(([tier, each]) => [
      tier,
      ms(each.processMs),
      ms(each.fileMs),
      ms(each.runMs),
      ms(each.freshRunMs),
      ms(each.outOfMemoryMs),
    ]);
    process.stdout.write(`${formatFigures(figures)}\n\n`);
    process.stdout.write(
      `${formatTable([["from the lease to", "process", "task file", "run", "run, fresh", "out of memory"], ...rows])}\n`,
    );
    for (const [tier, why] of lacking) process.stdout.write(`\nnot here: ${tier}: ${why}\n`);
  }
}

// `npm run soak`: thousands of runs that crash, run out of memory, loop, wait, throw and are canceled; then what became of them, and what the services kept. Linux only.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  addSandboxTools,
  checkInvariants,
  checkSettled,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";
import { createRandom } from "../faults/random.ts";
import { checkEnds } from "./check-ends.ts";
import { driveRuns } from "./drive.ts";
import { listCgroups, listOrphans, listTraced, others, pidOf, readFootprint, services } from "./footprint.ts";
import { kinds, planRuns } from "./kinds.ts";
import { createMemorySamples } from "./memory-samples.ts";
import { judgeFootprints, judgeKinds, printFootprints, printKinds } from "./report.ts";
import { parseSoakOptions, type SoakOptions, usage } from "./soak-options.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));
const CANCEL_LIMIT_MS = 1_000;
const SAMPLE_MS = 1_000;
const SAY_MS = 10_000;
/** The promise that a soak never hangs a machine: ten times what a run takes on average on two quiet processors, and the start. */
const LIMIT_MS_PER_RUN = 400;
const LIMIT_MS = 600_000;
/** How long a cluster without work may take to come to rest: longer than its slowest repair. */
const REST_LIMIT_MS = 120_000;
const REST_LOOK_MS = 500;
const REST_LOOKS = 6;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const options = parseSoakOptions(process.argv.slice(2));
if (options === "help") {
  process.stdout.write(`${usage}\n`);
} else {
  const limitMs = LIMIT_MS + options.runs * LIMIT_MS_PER_RUN;
  const limit = setTimeout(() => {
    say(`the soak did not end within ${limitMs / 1_000} s; something is stuck`);
    process.exit(1);
  }, limitMs);
  const findings = await soak(options);
  clearTimeout(limit);
  process.stdout.write(findings.length === 0 ? "\nall is well\n" : `\nNOT well:\n- ${findings.join("\n- ")}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}

async function soak({ runs, workers, seed, settings }: SoakOptions): Promise<string[]> {
  if ((settings["WINDLASS_DRIVER"] ?? "process") !== "process") {
    for (const reason of await addSandboxTools(say)) say(reason);
  }
  // Workers' folders lie here, so that whatever is left of one can be told from everything else on the machine.
  const folder = mkdtempSync(path.join(tmpdir(), "windlass-soak-"));
  const cluster = await startCluster({
    workers,
    supervisorTtlMs: 10_000,
    cancelLimitMs: CANCEL_LIMIT_MS,
    memberEnv: { supervisor: { TMPDIR: folder, ...settings } },
  });
  const home = cluster.home;
  try {
    await cluster.deploy(TASKS);
    const supervisorPid = pidOf(cluster, "supervisor");
    const findings = await soakCluster(cluster, { runs, workers, seed, folders: [folder, home] });
    say("the end of the cluster ...");
    await cluster.end();
    const left = [
      ...listTraced([folder, home]).map((each) => `a process is left: ${each}`),
      ...readdirSync(folder).map((name) => `a folder of the supervisor is left: ${name}`),
      ...listCgroups(supervisorPid).map((group) => `a control group is left: ${group}`),
    ];
    return [...findings, ...left];
  } finally {
    await cluster.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Soaking {
  readonly runs: number;
  readonly workers: number;
  readonly seed: number;
  /** By which the processes of the cluster are known. */
  readonly folders: readonly string[];
}

async function soakCluster(cluster: TestCluster, { runs, workers, seed, folders }: Soaking): Promise<string[]> {
  const all = [...services, ...others];
  const footprints = () => new Map(all.map((name) => [name, readFootprint(cluster, name)]));

  say("one run of each kind ...");
  const warmUp = await driveRuns(cluster, kinds, () => undefined);
  await rest(cluster);
  const before = footprints();

  say(`${runs} runs ...`);
  const memory = createMemorySamples();
  const beganMs = performance.now();
  let sampleMs = 0;
  let sayMs = 0;
  const kindOf = await driveRuns(cluster, planRuns(runs, createRandom(seed).next), (ended) => {
    const nowMs = performance.now();
    if (nowMs - sampleMs >= SAMPLE_MS) {
      sampleMs = nowMs;
      for (const name of all) memory.add(name, ended / runs, readFootprint(cluster, name).residentMb);
    }
    if (nowMs - sayMs >= SAY_MS) {
      sayMs = nowMs;
      say(`  ${ended} have ended after ${Math.round((nowMs - beganMs) / 1_000)} s`);
    }
  });
  const tookS = (performance.now() - beganMs) / 1_000;

  say("rest ...");
  await rest(cluster);
  const after = footprints();
  const results = await checkEnds(cluster, new Map([...warmUp, ...kindOf]));
  const violations = await checkInvariants(cluster.database);

  process.stdout.write(`${printKinds(results)}\n\n${printFootprints(all, { before, after, memory })}\n\n`);
  process.stdout.write(`${runs} runs in ${Math.round(tookS)} s: ${(runs / tookS).toFixed(1)} runs/s\n`);
  return [
    ...judgeKinds(results),
    ...judgeFootprints(services, workers, { before, after, memory }),
    ...listOrphans(cluster, folders).map((each) => `nobody looks after the process ${each}`),
    ...violations.map(({ invariant, rule, rows }) => `${invariant} is broken: ${rule}: ${JSON.stringify(rows)}`),
  ];
}

/** Waits until nothing is under way any more: repairs are done, and no process of a worker comes or goes. */
async function rest(cluster: TestCluster): Promise<void> {
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database), REST_LIMIT_MS);
  const counts: number[] = [];
  let lookedMs = 0;
  await waitFor(
    "worker processes to come to rest",
    () => {
      if (performance.now() - lookedMs < REST_LOOK_MS) return false;
      lookedMs = performance.now();
      counts.push(cluster.workerPids().length);
      const last = counts.slice(-REST_LOOKS);
      return last.length === REST_LOOKS && last.every((count) => count === last[0]);
    },
    REST_LIMIT_MS,
  );
}

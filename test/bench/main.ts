// `npm run bench`: the speed of a whole cluster on this machine, load generator included, in under three minutes.
import os from "node:os";
import { parseArgs } from "node:util";
import { close } from "@windlass/sdk";
import { measureBacklog } from "./backlog.ts";
import { measureBatches } from "./batch.ts";
import { cpuBetween, startBenchCluster } from "./bench-cluster.ts";
import { measureColdStart } from "./cold-start.ts";
import { lifecycleFigures, measureHooksCost } from "./hooks-cost.ts";
import { type Hop, measureHops } from "./hops.ts";
import { measureConcurrent, measureOneAtATime } from "./latency.ts";
import { type Figure, formatFigures, formatTable, roundFigure } from "./report.ts";
import { median, percentile } from "./stats.ts";
import { describeVersions } from "./versions.ts";
import { measureWorkerStart, workerStartFigures } from "./worker-start.ts";
import { measureYardstick, REFERENCE } from "./yardstick.ts";

const LIMIT_MS = 180_000;
const IDLE_MS = 10_000;
const ROUNDS = 3;

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const say = (line: string) => process.stderr.write(`${line}\n`);

// Not a deadline of any one step, but the promise that the bench never hangs a machine.
const limit = setTimeout(() => {
  say(`the bench did not end within ${LIMIT_MS / 1000} s; something is stuck`);
  process.exit(1);
}, LIMIT_MS);

say("this machine ...");
const yardstick = await measureYardstick();
say("hooks ...");
const hooksCost = await measureHooksCost();
say("workers ...");
const workerStart = await measureWorkerStart("process");
say("cold start ...");
const coldStart = await measureColdStart();
say("a cluster of its own ...");
const bench = await startBenchCluster();
const figures: Figure[] = [];
let cpuPerRun: Map<string, number> = new Map();
let hops: Hop[] = [];
let versions: string[] = [];
try {
  versions = await describeVersions(bench);
  say("warm-up ...");
  await measureConcurrent(3000, 64);

  say("idle ...");
  const idleBefore = bench.usage();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleAfter = bench.usage();
  const idleCpuMs = [...cpuBetween(idleBefore, idleAfter).values()].reduce((sum, ms) => sum + ms, 0);
  const memoryMb = [...idleAfter].reduce((sum, [, usage]) => sum + usage.pssMb, 0);

  say("one at a time ...");
  const latencies = await measureOneAtATime(2000);
  const resultMs = latencies.map((latency) => latency.resultMs);
  const startMs = latencies.map((latency) => latency.startMs);
  const hookedMs = (await measureOneAtATime(500, "bench-hooked")).map((latency) => latency.resultMs);

  hops = await measureHops(bench, 500);

  say("64 at a time ...");
  const single64: number[] = [];
  for (let round = 0; round < ROUNDS; round++) single64.push(await measureConcurrent(8000, 64));

  say("10,000 in batches ...");
  const batches: number[] = [];
  const before = bench.usage();
  for (let round = 0; round < ROUNDS; round++) batches.push(await measureBatches(10_000, 1000));
  cpuPerRun = new Map([...cpuBetween(before, bench.usage())].map(([name, ms]) => [name, ms / (ROUNDS * 10_000)]));

  say("100,000 waiting ...");
  const backlog = await measureBacklog(bench);

  figures.push(
    {
      key: "trigger_to_result_p50_ms",
      label: "trigger -> result, p50",
      value: median(resultMs),
      unit: "ms",
      target: { atMost: 3 },
    },
    {
      key: "trigger_to_result_p99_ms",
      label: "trigger -> result, p99",
      value: percentile(resultMs, 99),
      unit: "ms",
      target: { atMost: 12 },
    },
    {
      key: "trigger_to_start_p50_ms",
      label: "trigger -> first line of run, p50",
      value: median(startMs),
      unit: "ms",
      target: { atMost: 2.2 },
    },
    {
      key: "trigger_to_result_hooks_p50_ms",
      label: "trigger -> result with 6 hooks, p50",
      value: median(hookedMs),
      unit: "ms",
      target: { atMost: 3 },
    },
    ...lifecycleFigures(hooksCost),
    ...workerStartFigures(workerStart),
    {
      key: "batch_runs_per_s",
      label: "10,000 runs in batches of 1,000",
      value: median(batches),
      unit: "runs/s",
      target: { atLeast: 4000 },
    },
    {
      key: "single64_runs_per_s",
      label: "64 callers, one run each at a time",
      value: median(single64),
      unit: "runs/s",
      target: { atLeast: 2500 },
    },
    {
      key: "backlog_claim_ratio",
      label: "claim with 100,000 waiting / with 500",
      value: backlog.claimRatio,
      unit: "x",
      target: { atMost: 1.5 },
    },
    { key: "backlog_claim_ms", label: "claim with 100,000 waiting, p50", value: backlog.deepClaimMs, unit: "ms" },
    {
      key: "queue_restart_s",
      label: "queue restarted with 100,000 waiting",
      value: backlog.restartS,
      unit: "s",
      target: { atMost: 5 },
    },
    {
      key: "idle_cpu_percent",
      label: "idle, all processes",
      value: (idleCpuMs / IDLE_MS) * 100,
      unit: "% of a core",
      target: { atMost: 3 },
    },
    { key: "rss_mb", label: "idle memory, all processes (PSS)", value: memoryMb, unit: "MB", target: { atMost: 700 } },
    {
      key: "cold_start_s",
      label: "npm start -- --once, used folder",
      value: coldStart.againS,
      unit: "s",
      target: { atMost: 8 },
    },
    { key: "cold_start_fresh_s", label: "npm start -- --once, new folder", value: coldStart.freshS, unit: "s" },
  );
} finally {
  await close();
  await bench.stop();
  clearTimeout(limit);
}

if (options.json) {
  const flat = Object.fromEntries(figures.map(({ key, value }) => [key, roundFigure(value)]));
  const cpu = Object.fromEntries([...cpuPerRun].map(([name, ms]) => [name, roundFigure(ms)]));
  process.stdout.write(
    `${JSON.stringify({ ...flat, cpu_ms_per_run: cpu, hops, yardstick, machine: machine(), versions })}\n`,
  );
} else {
  process.stdout.write(`\n${machine()}; ${versions.join(", ")}\n\n${formatFigures(figures)}\n\n`);
  const bare: [label: string, key: keyof typeof yardstick][] = [
    ["unary call", "callUs"],
    ["round trip on a stream", "roundTripUs"],
    ["the same, pipelined", "pipelinedUs"],
  ];
  const bareRows = bare.map(([label, key]) => [
    label,
    `${roundFigure(yardstick[key])} us`,
    `${REFERENCE[key]} us`,
    `${roundFigure(yardstick[key] / REFERENCE[key])} x`,
  ]);
  process.stdout.write(
    `Bare gRPC between two processes, nothing of ours in it: how this machine compares with the one that the targets were set on:\n\n`,
  );
  process.stdout.write(`${formatTable([["message", "here", "there", "slower by"], ...bareRows])}\n\n`);
  const rows = [...cpuPerRun].map(([name, ms]) => [name, `${roundFigure(ms * 1000)} us`]);
  const hopRows = hops.map(({ name, ms }) => [name, `${ms.toFixed(2)} ms`]);
  process.stdout.write(`One run at a time, hop by hop, p50:\n\n${formatTable([["hop", "time"], ...hopRows])}\n\n`);
  process.stdout.write(`CPU per run in batches, by process:\n\n${formatTable([["process", "per run"], ...rows])}\n`);
}

function machine(): string {
  const [cpu] = os.cpus();
  return `${os.cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()} ${os.release()}`;
}

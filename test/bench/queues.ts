// `npm run bench:queues`: what limits, keys and a very long queue cost, in under three minutes.
import { close } from "@windlass/sdk";
import { parseArgs } from "node:util";
import { startBenchCluster } from "./bench-cluster.ts";
import { measureLimits } from "./limits.ts";
import { measureQueueService } from "./queue-memory.ts";
import { type Figure, formatFigures, roundFigure } from "./report.ts";

const LIMIT_MS = 180_000;

const { values: options } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const say = (line: string) => process.stderr.write(`${line}\n`);

const limit = setTimeout(() => {
  say(`the bench did not end within ${LIMIT_MS / 1000} s; something is stuck`);
  process.exit(1);
}, LIMIT_MS);

const figures: Figure[] = [];
say("a queue service with 1,000,000 runs in 10,000 keys ...");
figures.push(...(await measureQueueService()));

say("a cluster of its own, with limits and without ...");
const bench = await startBenchCluster();
try {
  figures.push(...(await measureLimits()));
} finally {
  await close();
  await bench.stop();
  clearTimeout(limit);
}

if (options.json) {
  const flat = Object.fromEntries(figures.map(({ key, value }) => [key, roundFigure(value)]));
  process.stdout.write(`${JSON.stringify(flat)}\n`);
} else {
  process.stdout.write(`\n${formatFigures(figures)}\n`);
}

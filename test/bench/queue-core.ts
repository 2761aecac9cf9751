// What the queue's memory of 1,000,000 waiting runs in 10,000 concurrency keys costs, and how long a pick takes, without any
// I/O: node test/bench/queue-core.ts. Prints its figures, times being CPU time; exits with 1 when one of them is beyond its goal.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ALL_MACHINES, offerOf } from "../../services/queue/src/machines.ts";
import { ReadyQueues } from "../../services/queue/src/ready-queues.ts";
import { percentile } from "./stats.ts";

const RUNS = 1_000_000;
const KEYS = 10_000;
const LIMIT = 5;
/** Every key has as many runs for each; the last is offered when the others have gone. */
const MACHINES = ["small-1x", "large-1x"];
const GOALS = { memoryMb: 1_024, pickUs: 20 };
/** Picks timed together: one alone is shorter than the clock tells. */
const SLICE = 1_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function residentMb(): number {
  collectGarbage();
  return process.memoryUsage().rss / 2 ** 20;
}

/** CPU time of this process, collecting garbage included: what else runs on the machine does not change it. */
function nowUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const names = { environmentId: "env_0123456789abcdef01234567", queue: "task/send-mail" };
const beforeMb = residentMb();
const ready = new ReadyQueues(() => performance.now());
ready.setQueue({ ...names, concurrencyLimit: LIMIT, isPaused: false, rateLimit: undefined });
ready.leasedComplete(0);

const pushStartUs = nowUs();
for (let index = 0; index < RUNS; index += 1) {
  // As they come from a message: every run with strings of its own.
  ready.push({
    environmentId: Buffer.from(names.environmentId).toString(),
    queue: Buffer.from(names.queue).toString(),
    concurrencyKey: Buffer.from(`customer_${index % KEYS}`).toString(),
    runId: Buffer.from(`run_${String(index).padStart(26, "0")}`).toString(),
    queueTimeUs: 1_700_000_000_000_000 + index,
    traceparent: "",
    supervisorId: "",
    machine: MACHINES[Math.floor(index / KEYS) % MACHINES.length] ?? "",
  });
}
const pushUs = (nowUs() - pushStartUs) / RUNS;
const memoryMb = residentMb() - beforeMb;

let offered = offerOf(MACHINES.slice(0, -1)) ?? ALL_MACHINES;

/** Takes runs until none may go; microseconds of each, by slices. */
function pickUntilNoneMayGo(picked: string[]): number[] {
  const sliceUs: number[] = [];
  for (;;) {
    const startUs = nowUs();
    let count = 0;
    for (; count < SLICE; count += 1) {
      const run = ready.next(offered);
      if (run === undefined) break;
      ready.claimed(run, run.runId, 0);
      picked.push(run.runId);
    }
    if (count > 0) sliceUs.push((nowUs() - startUs) / count);
    if (count < SLICE) return sliceUs;
  }
}

const pickUs: number[] = [];
const freeUs: number[] = [];
let picks = 0;
while (ready.size > 0) {
  if (picks === RUNS / MACHINES.length) offered = ALL_MACHINES;
  const picked: string[] = [];
  pickUs.push(...pickUntilNoneMayGo(picked));
  picks += picked.length;
  const startUs = nowUs();
  for (const runId of picked) ready.freed(runId, runId);
  freeUs.push((nowUs() - startUs) / picked.length);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const figures = {
  runs: RUNS,
  keys: KEYS,
  picks,
  memoryMb: Math.round(memoryMb),
  bytesPerRun: Math.round((memoryMb * 2 ** 20) / RUNS),
  pushUs: Number(pushUs.toFixed(2)),
  pickUs: Number(mean(pickUs).toFixed(2)),
  pickSliceP99Us: Number(percentile(pickUs, 99).toFixed(2)),
  freeUs: Number(mean(freeUs).toFixed(2)),
};
console.log(JSON.stringify(figures, undefined, 2));
if (figures.memoryMb > GOALS.memoryMb || figures.pickUs > GOALS.pickUs || picks !== RUNS) process.exitCode = 1;

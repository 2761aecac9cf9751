import { type Client, createChannel, createClient } from "@windlass/proto/grpc";
import { TaskService, type TriggerSchema } from "@windlass/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { connectToPostgres } from "../kit/connect-to-postgres.ts";
import { startBenchCluster } from "./bench-cluster.ts";
import { percentile } from "./stats.ts";

/**
 * How exactly delayed runs come due while 100,000 timers are pending: a real cluster, every run stored by its API. A run's task is known to no version, so that nothing but time is measured: from
 * the moment that the trigger named to the transaction that moved the run on.
 */
const PENDING = 100_000;
const DUE = 5_000;
const PER_MESSAGE = 1_000;
/** Within the scheduler's horizon, and after the measurement. */
const PENDING_DELAY_MS = 280_000;
/** When the first of those measured is due, after the triggers. */
const LEAD_MS = 5_000;
/** Between two of those measured: 250 a second. */
const SPACING_MS = 4;
const LIMIT_MS = 100;

const LATENESS = {
  name: "bench_lateness",
  text: `SELECT (date_part('epoch', e.time - r.queue_time) * 1000)::float8 AS late_ms
    FROM runs r JOIN run_events e ON e.environment_id = r.environment_id AND e.run_id = r.id AND e.status = 'PENDING_VERSION'
    WHERE r.task_id = 'measured' AND r.status = 'PENDING_VERSION'`,
};

const bench = await startBenchCluster();
const postgres = await connectToPostgres(bench.cluster.postgres.url);
const channel = createChannel(bench.cluster.address, { token: bench.secrets.apiKey });
try {
  const tasks = createClient(TaskService, channel);
  const startMs = performance.now();
  await triggerAll(tasks, "pending", PENDING, () => Date.now() + PENDING_DELAY_MS);
  console.log(`${PENDING} delayed runs were stored in ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
  const firstMs = Date.now() + LEAD_MS;
  await triggerAll(tasks, "measured", DUE, (index) => firstMs + index * SPACING_MS);
  const lateMs = await measured();
  const [p50, p99, max] = [50, 99, 100].map((p) => percentile(lateMs, p));
  console.log(
    `${DUE} runs came due: late by p50 ${p50?.toFixed(1)} ms, p99 ${p99?.toFixed(1)} ms, at most ${max?.toFixed(1)} ms`,
  );
  const isExact = p99 !== undefined && p99 <= LIMIT_MS && Math.min(...lateMs) >= 0;
  console.log(isExact ? `within ${LIMIT_MS} ms (p99)` : `NOT within ${LIMIT_MS} ms (p99)`);
  process.exitCode = isExact ? 0 : 1;
} finally {
  channel.close();
  await postgres.stop();
  await bench.stop();
}

async function triggerAll(
  tasks: Client<typeof TaskService>,
  taskId: string,
  count: number,
  startMs: (index: number) => number,
): Promise<void> {
  const call = tasks.triggerTasks();
  const answers = call.responses[Symbol.asyncIterator]();
  for (let from = 0; from < count; from += PER_MESSAGE) {
    const triggers = Array.from(
      { length: Math.min(PER_MESSAGE, count - from) },
      (_, index): MessageInitShape<typeof TriggerSchema> => ({
        requestId: `${taskId}-${from + index}`,
        taskId,
        options: { startTime: timestampFromMs(startMs(from + index)) },
      }),
    );
    call.send({ correlationId: BigInt(from), triggers });
    const answer = await answers.next();
    const results = answer.done === true ? [] : answer.value.results;
    const failed = results.find(({ result }) => result.case !== "run");
    if (failed !== undefined || results.length !== triggers.length)
      throw new Error(`a trigger failed: ${JSON.stringify(failed)}`);
  }
  call.end();
}

/** How late each was, once all have come due. */
async function measured(): Promise<number[]> {
  const untilMs = Date.now() + LEAD_MS + DUE * SPACING_MS + 30_000;
  for (;;) {
    const rows = await postgres.query<{ late_ms: number }>(LATENESS, []);
    if (rows.length === DUE) return rows.map((row) => row.late_ms);
    if (Date.now() > untilMs) throw new Error(`only ${rows.length} of ${DUE} runs came due`);
    await new Promise((resolve) => void setTimeout(resolve, 1_000));
  }
}

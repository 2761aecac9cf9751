// What the lifecycle costs a worker: `node test/bench/lifecycle.ts [--json]` prints the CPU time of an attempt without hooks and of one with three global hooks and three
// of its own, in this process alone: from StartAttempt to the encoded frames, without the connection that would carry them.
import { create, toBinary } from "@bufbuild/protobuf";
import { SessionRequestSchema, type StartAttempt, StartAttemptSchema } from "@windlass/proto";
import { task, tasks } from "@windlass/sdk";
import { Attempt } from "../../sdk-ts/src/worker/attempt.ts";
import { Outbox } from "../../sdk-ts/src/worker/outbox.ts";
import { type LifecycleCost, lifecycleFigures } from "./hooks-cost.ts";
import { formatFigures } from "./report.ts";
import { median } from "./stats.ts";

const ROUNDS = 7;
const ATTEMPTS_PER_ROUND = 3_000;

/** Measures it, in a few seconds. Registers hooks, so it wants a process of its own. */
async function measureLifecycle(): Promise<LifecycleCost> {
  task({ id: "bare", run: async () => "done" });
  task({
    id: "hooked",
    onStart: () => {},
    onComplete: () => {},
    cleanup: () => {},
    run: async () => "done",
  });
  const bare: number[] = [];
  const hooked: number[] = [];
  await cpuMsPerAttempt("bare");
  await cpuMsPerAttempt("hooked");
  for (let round = 0; round < ROUNDS; round++) bare.push(await cpuMsPerAttempt("bare"));
  tasks.middleware("bench", async ({ next }) => {
    await next();
  });
  tasks.init("bench", () => ({ data: 1 }));
  tasks.onSuccess("bench", () => {});
  await cpuMsPerAttempt("hooked");
  for (let round = 0; round < ROUNDS; round++) hooked.push(await cpuMsPerAttempt("hooked"));
  return { bareMs: median(bare), hookedMs: median(hooked) };
}

async function cpuMsPerAttempt(taskId: string): Promise<number> {
  const start = startOf(taskId);
  const before = process.cpuUsage();
  for (let attempt = 0; attempt < ATTEMPTS_PER_ROUND; attempt++) await execute(start);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / ATTEMPTS_PER_ROUND;
}

async function execute(start: StartAttempt): Promise<void> {
  const outbox = new Outbox({
    send: (frame) => {
      toBinary(SessionRequestSchema, create(SessionRequestSchema, frame));
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const { result } = await new Attempt(start, outbox).execute();
  if (result.case !== "output") throw new Error("an attempt of the bench failed", { cause: result.value });
  outbox.push({ case: "attemptFinished", value: { runId: start.runId, result } });
  outbox.flush();
}

function startOf(taskId: string): StartAttempt {
  const payload = { data: Buffer.from('{"message":"Hello, world!"}'), contentType: "application/json" };
  const run = { id: "run_1", taskId, queue: `task/${taskId}`, maxAttempts: 3, version: "20260101.1" };
  return create(StartAttemptSchema, { runId: "run_1", taskId, attemptNumber: 1, payload, run });
}

const cost = await measureLifecycle();
console.log(process.argv.includes("--json") ? JSON.stringify(cost) : formatFigures(lifecycleFigures(cost)));

import { configure, type RunSnapshot, runs, tasks, type TriggerOptions } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import * as fc from "fast-check";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  checkInvariants,
  checkSettled,
  checkTerminalUnchanged,
  type Clients,
  findOverruns,
  snapshotTerminal,
  startCluster,
  type TestCluster,
  waitUntilClean,
} from "../kit/index.ts";
import { LIMITED } from "./load.ts";

const TASKS = fileURLToPath(new URL("tasks", import.meta.url));

/** One thing that happens to the cluster. */
type Step =
  | { readonly do: "trigger"; readonly taskId: string; readonly count: number; readonly options: TriggerOptions }
  | { readonly do: "cancel"; readonly which: number }
  | { readonly do: "pause" | "resume" }
  | { readonly do: "limit"; readonly limit: number | undefined }
  | { readonly do: "restart"; readonly name: string };

/** A run as the model knows it: in which ways it may end. */
interface Expected {
  readonly id: string;
  canBeCanceled: boolean;
  readonly canExpire: boolean;
}

const triggerStep = fc.record({
  do: fc.constant("trigger" as const),
  taskId: fc.constantFrom("steady", "limited", "limited", "second-time-lucky"),
  count: fc.integer({ min: 1, max: 20 }),
  options: fc.record(
    {
      concurrencyKey: fc.constantFrom("a", "b", "c"),
      priority: fc.constantFrom(1, 60, 3_600),
      delay: fc.constantFrom("1s"),
      ttl: fc.constantFrom("1s", "10m"),
    },
    { requiredKeys: [] },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: triggerStep, weight: 6 },
  { arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat() }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constantFrom("pause" as const, "resume" as const) }), weight: 2 },
  {
    arbitrary: fc.record({ do: fc.constant("limit" as const), limit: fc.constantFrom(undefined, 0, 1, 3) }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("restart" as const),
      name: fc.constantFrom("queue", "queue-2", "scheduler", "run-store"),
    }),
    weight: 2,
  },
);

let cluster: TestCluster;
let client: Clients;

beforeAll(async () => {
  cluster = await startCluster({ instances: { queue: 2 } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  client = cluster.client();
  await deploy(TASKS);
});

afterAll(() => cluster.end());

async function take(now: Step, known: Expected[]): Promise<void> {
  switch (now.do) {
    case "trigger": {
      const { taskId, count, options } = now;
      const payload = { n: 0, ms: 10 };
      const handles = await Promise.all(Array.from({ length: count }, () => tasks.trigger(taskId, payload, options)));
      known.push(...handles.map(({ id }) => ({ id, canBeCanceled: false, canExpire: options.ttl === "1s" })));
      return;
    }
    case "cancel": {
      const run = known[now.which % Math.max(1, known.length)];
      if (run === undefined) return;
      run.canBeCanceled = true;
      await runs.cancel(run.id);
      return;
    }
    case "pause":
      await client.queues.pauseQueue({ name: LIMITED.queue });
      return;
    case "resume":
      await client.queues.resumeQueue({ name: LIMITED.queue });
      return;
    case "limit":
      await client.environments.setConcurrencyLimit(now.limit === undefined ? {} : { concurrencyLimit: now.limit });
      return;
    case "restart":
      await cluster.kill(now.name);
      await cluster.start(now.name);
  }
}

function isAllowed({ status }: RunSnapshot, { canBeCanceled, canExpire }: Expected): boolean {
  return status === "COMPLETED" || (status === "CANCELED" && canBeCanceled) || (status === "EXPIRED" && canExpire);
}

test("whatever happens in whatever order: after each step the invariants hold, and in the end every run has ended as it may", async () => {
  const life = fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 20 }), async (steps) => {
    const known: Expected[] = [];
    const before = await snapshotTerminal(cluster.database);
    for (const now of steps) {
      await take(now, known);
      expect(await checkInvariants(cluster.database)).toEqual([]);
    }
    await client.queues.resumeQueue({ name: LIMITED.queue });
    await client.environments.setConcurrencyLimit({});
    const ended = await Promise.all(known.map(({ id }) => runs.poll(id)));
    expect(ended.filter((run, n) => !isAllowed(run, known[n]!))).toEqual([]);
    expect(await findOverruns(cluster.database, LIMITED)).toEqual([]);
    expect(await checkTerminalUnchanged(cluster.database, before)).toEqual([]);
    await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
  });
  await fc.assert(life, { numRuns: 4, endOnFailure: true });
});

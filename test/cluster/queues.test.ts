import { type HoldReason, HoldReasonSchema, RunStatus } from "@windlass/proto";
import { configure, runs, tasks, WindlassError, type TriggerOptions } from "@windlass/sdk";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  checkSettled,
  type Clients,
  createGate,
  findOverruns,
  type Gate,
  startCluster,
  type TestCluster,
  waitFor,
  waitUntilClean,
} from "../kit/index.ts";

/** "Effective in less than a second", from the answer of the call on. */
const EFFECTIVE_MS = 1_000;

let cluster: TestCluster;
let client: Clients;
const gates = new Set<Gate>();

beforeAll(async () => {
  cluster = await startCluster({ workers: 5 });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  client = cluster.client();
  await cluster.deploy(fileURLToPath(new URL("queue-tasks", import.meta.url)));
});

afterAll(() => cluster.end());

/** Those of the suite that a test may pause or override. */
const HANDLED = ["single", "short", "adjusted", "task/gated"];

// Whatever a test did, and wherever it failed, the next one begins with nothing under way and every rule kept.
afterEach(async ({ task }) => {
  for (const gate of gates) gate.open();
  await client.environments.setConcurrencyLimit({});
  await Promise.all(HANDLED.map((name) => client.queues.resumeQueue({ name })));
  await Promise.all(HANDLED.map((name) => client.queues.resetConcurrencyLimit({ name })));
  if (task.result?.state === "fail") await Promise.all((await underWay()).map((id) => runs.cancel(id)));
  await waitFor("every run to have ended", async () => (await underWay()).length === 0);
  for (const gate of gates) gate[Symbol.dispose]();
  gates.clear();
  await waitUntilClean("the cluster to settle", () => checkSettled(cluster.database));
});

async function underWay(): Promise<string[]> {
  const { QUEUED, EXECUTING, WAITING, CANCELING } = RunStatus;
  const statuses = [QUEUED, EXECUTING, WAITING, CANCELING];
  return (await client.runs.listRuns({ statuses, pageSize: 1_000 })).runs.map(({ id }) => id);
}

/** A closed gate, opened at the end of the test at the latest. */
function closedGate(): Gate {
  const gate = createGate();
  gates.add(gate);
  return gate;
}

async function triggerAll(taskId: string, payloads: readonly unknown[], options?: TriggerOptions): Promise<string[]> {
  const ids: string[] = [];
  for (const payload of payloads) ids.push((await tasks.trigger(taskId, payload, options)).id);
  return ids;
}

async function executing(): Promise<string[]> {
  const { runs: found } = await client.runs.listRuns({ statuses: [RunStatus.EXECUTING], pageSize: 1_000 });
  return found.map(({ id }) => id);
}

async function untilExecuting(count: number, deadlineMs?: number): Promise<string[]> {
  return waitFor(
    `${count} runs to execute`,
    async () => {
      const found = await executing();
      return found.length === count ? found : undefined;
    },
    deadlineMs,
  );
}

/** Waits for a run's hold to have this reason, and returns it. */
async function untilHeld(runId: string, reason: keyof typeof HoldReason) {
  let last: unknown;
  try {
    return await waitFor(`${runId} to be held: ${reason}`, async () => {
      const { hold } = await client.runs.getRun({ runId });
      const told = hold && HoldReasonSchema.value[hold.reason]?.localName;
      last = { reason: told ?? "none", message: hold?.message };
      return told === reason ? hold : undefined;
    });
  } catch (error) {
    throw new Error(`it was held by ${JSON.stringify(last)}`, { cause: error });
  }
}

async function completed(ids: readonly string[]): Promise<void> {
  const ended = await Promise.all(ids.map((id) => runs.poll(id)));
  expect(ended.map(({ status }) => status)).toEqual(ids.map(() => "COMPLETED"));
}

describe("limits", () => {
  test("concurrencyLimit 1: strictly one at a time, and in the order of the triggers", async () => {
    const ids = await triggerAll(
      "single",
      Array.from({ length: 30 }, (_, n) => ({ n })),
    );
    const ended = await Promise.all(ids.map((id) => runs.poll(id)));
    const byStart = ended.toSorted((a, b) => Number(a.startedAt) - Number(b.startedAt));
    expect(byStart.map(({ id }) => id)).toEqual(ids);
    expect(await findOverruns(cluster.database, { queue: "single", limit: 1 })).toEqual([]);
  });

  test("a limit holds for each concurrency key by itself, and runs without a key share one allowance", async () => {
    const gate = closedGate();
    const payloads = Array.from({ length: 4 }, () => ({ gate: gate.file }));
    const byKey = {
      a: await triggerAll("pair", payloads, { concurrencyKey: "a" }),
      b: await triggerAll("pair", payloads, { concurrencyKey: "b" }),
    };
    expect((await untilExecuting(4)).toSorted()).toEqual([...byKey.a.slice(0, 2), ...byKey.b.slice(0, 2)].toSorted());
    gate.open();
    const without = await triggerAll("pair", payloads);
    await completed([...byKey.a, ...byKey.b, ...without]);
    expect(await findOverruns(cluster.database, { queue: "pair", limit: 2 })).toEqual([]);
  });

  test("the environment's limit holds over all its queues, and ends with its removal", async () => {
    await client.environments.setConcurrencyLimit({ concurrencyLimit: 2 });
    const gate = closedGate();
    const ids = [
      ...(await triggerAll("gated", [{ gate: gate.file }, { gate: gate.file }])),
      ...(await triggerAll("pair", [{ gate: gate.file }, { gate: gate.file }])),
    ];
    const first = await untilExecuting(2);
    const held = ids.filter((id) => !first.includes(id));
    const hold = await untilHeld(held[0]!, "ENVIRONMENT_LIMIT");
    expect(hold.runIds.toSorted()).toEqual(first.toSorted());
    expect(hold.message).toMatch(/2/u);
    const { environment } = await client.environments.setConcurrencyLimit({});
    expect(environment?.concurrencyLimit).toBeUndefined();
    await untilExecuting(4, EFFECTIVE_MS);
  });

  test("an overridden limit holds within a second, and so does the declared one when it is reset", async () => {
    const gate = closedGate();
    const ids = await triggerAll(
      "adjusted",
      Array.from({ length: 4 }, () => ({ gate: gate.file })),
    );
    await untilExecuting(1);
    const overridden = await client.queues.overrideConcurrencyLimit({ name: "adjusted", concurrencyLimit: 3 });
    await untilExecuting(3, EFFECTIVE_MS);
    expect(overridden.queue).toMatchObject({
      concurrencyLimit: 3,
      declaredConcurrencyLimit: 1,
      isOverridden: true,
      isPaused: false,
    });
    const reset = await client.queues.resetConcurrencyLimit({ name: "adjusted" });
    expect(reset.queue).toMatchObject({ concurrencyLimit: 1, isOverridden: false });
    // Those that execute go on; nothing begins beside them.
    await runs.cancel(ids[2]!);
    await runs.poll(ids[2]!);
    await untilHeld(ids[3]!, "CONCURRENCY_LIMIT");
    expect(await executing()).toHaveLength(2);
  });

  test("a limit of 0 by hand holds everything back", async () => {
    await client.queues.overrideConcurrencyLimit({ name: "adjusted", concurrencyLimit: 0 });
    const gate = closedGate();
    gate.open();
    const [id] = await triggerAll("adjusted", [{ gate: gate.file }]);
    const hold = await untilHeld(id!, "CONCURRENCY_LIMIT");
    expect(hold.runIds).toEqual([]);
    await client.queues.resetConcurrencyLimit({ name: "adjusted" });
    await completed([id!]);
  });
});

describe("a queue by hand", () => {
  test("a paused queue begins nothing and ends what executes; resumed, it goes on within a second", async () => {
    const gate = closedGate();
    const [first] = await triggerAll("gated", [{ gate: gate.file }]);
    await untilExecuting(1);
    const paused = await client.queues.pauseQueue({ name: "task/gated" });
    expect(paused.queue?.isPaused).toBe(true);
    const ids = await triggerAll("gated", [{ gate: gate.file }, { gate: gate.file }]);
    for (const id of ids) await untilHeld(id, "QUEUE_PAUSED");
    const { queue } = await client.queues.getQueue({ name: "task/gated" });
    expect(queue).toMatchObject({ isPaused: true, depth: 2n, running: 1n });
    expect(queue?.oldestQueueTime).toBeDefined();
    gate.open();
    await completed([first!]);
    expect(await executing()).toEqual([]);
    const resumedAt = performance.now();
    await client.queues.resumeQueue({ name: "task/gated" });
    await completed(ids);
    expect(performance.now() - resumedAt).toBeLessThan(EFFECTIVE_MS);
  });

  test("queues are listed by name, those that no task declares too once a trigger has named them", async () => {
    await completed(await triggerAll("single", [{ n: 1 }], { queue: "made-by-a-trigger" }));
    const names: string[] = [];
    for (let pageToken = ""; ;) {
      const page = await client.queues.listQueues({ pageSize: 3, pageToken });
      names.push(...page.queues.map(({ name }) => name));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(names).toEqual(names.toSorted());
    expect(names).toEqual(
      expect.arrayContaining(["adjusted", "family", "made-by-a-trigger", "pair", "rated", "short", "single"]),
    );
  });

  test("priority is seconds of head start: what came later with more goes first", async () => {
    await client.queues.pauseQueue({ name: "single" });
    const late = await triggerAll("single", [{ n: 0 }]);
    const soon = await triggerAll("single", [{ n: 1 }], { priority: 3_600 });
    const soonest = await triggerAll("single", [{ n: 2 }], { priority: 7_200 });
    await client.queues.resumeQueue({ name: "single" });
    const ended = await Promise.all([...soonest, ...soon, ...late].map((id) => runs.poll(id)));
    const starts = ended.map(({ startedAt }) => Number(startedAt));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });

  test("a rate limit spreads the starts: a burst of `limit`, then one for each part of the period", async () => {
    const beganAt = Date.now();
    const ids = await triggerAll(
      "rated",
      Array.from({ length: 10 }, () => ({})),
    );
    const hold = await untilHeld(ids.at(-1)!, "RATE_LIMIT");
    expect(hold.until).toBeDefined();
    const ended = await Promise.all(ids.map((id) => runs.poll(id)));
    const starts = ended.map(({ startedAt }) => Number(startedAt)).toSorted((a, b) => a - b);
    // The limit is counted where the claim is sent: after the first trigger, and a moment before the database's clock tells the start.
    for (const [n, start] of starts.slice(5).entries()) {
      expect(start - beganAt).toBeGreaterThanOrEqual((n + 1) * 400);
    }
    expect(starts.at(-1)! - starts[0]!).toBeLessThan(4_000);
  });

  test("a full queue refuses triggers with QUEUE_FULL and says when to come again", async () => {
    await client.queues.pauseQueue({ name: "short" });
    const ids = await triggerAll("short", [{}, {}, {}]);
    const refused: unknown = await tasks.trigger("short", {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WindlassError);
    expect(refused).toMatchObject({ reason: "QUEUE_FULL" });
    expect(Number((refused as WindlassError).retryAt)).toBeGreaterThan(Date.now());
    await client.queues.resumeQueue({ name: "short" });
    await completed(ids);
    await completed(await triggerAll("short", [{}]));
  });
});

describe("a run that waits gives back its slot", () => {
  test("a parent and its children on one queue of limit 1 do not deadlock", async () => {
    const handles = await Promise.all([1, 2].map((n) => tasks.trigger("parent", { numbers: [n, n + 1, n + 2] })));
    const ended = await Promise.all(handles.map(({ id }) => runs.poll(id)));
    expect(ended.map(({ status, output }) => [status, output])).toEqual([
      ["COMPLETED", { sum: 12 }],
      ["COMPLETED", { sum: 18 }],
    ]);
    expect(await findOverruns(cluster.database, { queue: "family", limit: 1 })).toEqual([]);
  });

  test("runs that wait for each other are found: the one that closes the circle fails with DEADLOCK", async () => {
    const key = "circle";
    const ahead = await runs.poll(await tasks.trigger("waits-ahead", { key }, { idempotencyKey: key }));
    expect(ahead).toMatchObject({ status: "COMPLETED", output: { isOk: false } });
    const { runs: children } = await client.runs.listRuns({ parentRunId: ahead.id });
    const back = await runs.retrieve(children[0]?.id ?? "");
    expect(back).toMatchObject({ status: "FAILED", error: { code: "DEADLOCK" } });
    expect(back.error?.message).toContain(ahead.id);
  });
});

describe("why a run does not run", () => {
  test.for<[reason: keyof typeof HoldReason, taskId: string, options: TriggerOptions, message: RegExp]>([
    ["DELAYED", "single", { delay: "1h" }, /start/iu],
    ["VERSION_MISSING", "nobody-has-it", {}, /nobody-has-it/u],
    ["RETRYING", "slow-retry", {}, /attempt/iu],
    ["WAITING", "waits", {}, /wait/iu],
  ])("%s", async ([reason, taskId, options, message]) => {
    const { id } = await tasks.trigger(taskId, { n: 0 }, options);
    const hold = await untilHeld(id, reason);
    expect(hold.message).toMatch(message);
    expect(hold.until !== undefined).toBe(reason === "DELAYED" || reason === "RETRYING");
    await runs.cancel(id);
    await runs.poll(id);
    expect((await client.runs.getRun({ runId: id })).hold).toBeUndefined();
  });

  test("CONCURRENCY_LIMIT names the runs that hold the slots, and none is told of a run that executes", async () => {
    const gate = closedGate();
    const ids = await triggerAll(
      "pair",
      Array.from({ length: 3 }, () => ({ gate: gate.file })),
      { concurrencyKey: "ada" },
    );
    const first = await untilExecuting(2);
    const hold = await untilHeld(ids[2]!, "CONCURRENCY_LIMIT");
    expect(hold.runIds.toSorted()).toEqual(first.toSorted());
    expect(hold.message).toMatch(/ada/u);
    expect(hold.message).toMatch(/pair/u);
    expect((await client.runs.getRun({ runId: first[0]! })).hold).toBeUndefined();
  });

  test("SUPERVISORS_BUSY when every worker has a run, NO_SUPERVISOR when none is there", async () => {
    const gate = closedGate();
    const ids = await triggerAll(
      "gated",
      Array.from({ length: 7 }, () => ({ gate: gate.file })),
    );
    const busy = await untilHeld(ids.at(-1)!, "SUPERVISORS_BUSY");
    expect(busy.runIds).toEqual([]); // "only with the limits"
    gate.open();
    await completed(ids);
    await cluster.stop("supervisor");
    const [alone] = await triggerAll("single", [{ n: 0 }]);
    try {
      const held = await untilHeld(alone!, "NO_SUPERVISOR");
      expect(held.message).toMatch(/supervisor/iu);
    } finally {
      await cluster.start("supervisor");
    }
    await completed([alone!]);
  });

  test("QUEUE_SERVICE_DOWN when nobody decides", async () => {
    await cluster.stop("queue");
    const [id] = await triggerAll("single", [{ n: 0 }]);
    try {
      const held = await untilHeld(id!, "QUEUE_SERVICE_DOWN");
      expect(held.message).toMatch(/queue service/iu);
    } finally {
      await cluster.start("queue");
    }
    await completed([id!]);
  });
});

test("limits hold over kill -9 of the queue service: what executed before counts", async () => {
  const gate = closedGate();
  const ids = await triggerAll(
    "pair",
    Array.from({ length: 4 }, () => ({ gate: gate.file })),
  );
  await untilExecuting(2);
  await cluster.kill("queue");
  await cluster.start("queue");
  await untilHeld(ids[2]!, "CONCURRENCY_LIMIT");
  expect(await executing()).toHaveLength(2);
  gate.open();
  await completed(ids);
  expect(await findOverruns(cluster.database, { queue: "pair", limit: 2 })).toEqual([]);
});

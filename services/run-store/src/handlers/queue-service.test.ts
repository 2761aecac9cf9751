import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createGrpcServer, createLogger, startTelemetry } from "@windlass/chassis";
import {
  type EnvironmentSettings,
  HoldReason,
  QueueStateService,
  type QueueSettings,
  RateLimitSchema,
  TaskDefinitionSchema,
} from "@windlass/proto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { holdShards } from "../queue/hold-shards.ts";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { createRunSeeder, type RunSeeder } from "../testing/seed-runs.ts";
import { startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";
import { each, taskDefinition, type UploadMessage, uploadMessages } from "../testing/upload.ts";

const logger = createLogger({ service: "test", level: "error" });
let server: StoreServer;
let seeder: RunSeeder;
let environment: TestEnvironment;
let uploads = 0;
/** What owners of shards were told, of all environments. */
const told: (EnvironmentSettings | QueueSettings)[] = [];
beforeAll(async () => {
  server = await startStoreServer();
  seeder = await createRunSeeder(server.postgres, server.feed);
  server.feed.queueSettings.listen((changes) => told.push(...changes));
});
beforeEach(async () => {
  environment = await server.createEnvironment();
  told.length = 0;
});
afterAll(() => server.stop());

interface Task {
  readonly id: string;
  readonly queue?: string;
  readonly description?: string;
  readonly queueConcurrencyLimit?: number;
  readonly queueRateLimit?: MessageInitShape<typeof RateLimitSchema>;
  readonly queueMaxLength?: number;
}

function deployTasks(tasks: readonly Task[]) {
  uploads += 1;
  const [header, ...chunks] = uploadMessages(Buffer.from(`bundle ${uploads}`));
  if (header?.part?.case !== "header") throw new Error("an upload begins with its header");
  const definitions = tasks.map(({ queueRateLimit, ...task }) =>
    Object.assign(
      create(TaskDefinitionSchema, taskDefinition(task.id)),
      task,
      queueRateLimit === undefined ? {} : { queueRateLimit: create(RateLimitSchema, queueRateLimit) },
    ),
  );
  const value = { ...header.part.value, tasks: definitions };
  const messages: UploadMessage[] = [{ part: { case: "header", value } }, ...chunks];
  return environment.deployments.createDeployment(each(messages));
}

const queue = async (name: string) => (await environment.queues.getQueue({ name })).queue;

describe("queues", () => {
  it("are what the tasks of the current deployment declare, and their owner is told", async () => {
    const rate = { limit: 10, period: { seconds: 60n }, isPerKey: true };
    await deployTasks([
      { id: "a", queue: "shared", queueConcurrencyLimit: 5, queueRateLimit: rate, queueMaxLength: 100 },
      { id: "b", queue: "shared" },
      { id: "c" },
    ]);
    const { queues } = await environment.queues.listQueues({});
    expect(queues.map(({ name }) => name)).toEqual(["shared", "task/c"]);
    expect(queues[0]).toMatchObject({
      concurrencyLimit: 5,
      declaredConcurrencyLimit: 5,
      maxLength: 100,
      rateLimit: rate,
    });
    expect(queues[1]?.concurrencyLimit).toBeUndefined();
    expect(told).toMatchObject([{ queue: "shared", concurrencyLimit: 5, rateLimit: rate }, { queue: "task/c" }]);
    told.length = 0;
    await deployTasks([{ id: "c", queueConcurrencyLimit: 2 }]);
    expect(await queue("shared")).toMatchObject({ isOverridden: false });
    expect((await queue("shared"))?.concurrencyLimit).toBeUndefined();
    expect(told).toHaveLength(2);
    told.length = 0;
    await deployTasks([{ id: "c", queueConcurrencyLimit: 2, description: "nothing new of its queue" }]);
    expect(told).toEqual([]);
  });

  it("about which two tasks say different things are refused with both names", async () => {
    const failure = await failureOf(
      deployTasks([
        { id: "a", queue: "shared", queueConcurrencyLimit: 5 },
        { id: "b", queue: "shared", queueConcurrencyLimit: 6 },
      ]),
    );
    expect(failure.violations).toMatchObject([{ field: "header.tasks[1].queue_concurrency_limit" }]);
    expect(failure.violations[0]?.description).toContain('"a"');
  });

  it("come into being with the first trigger that names them", async () => {
    await deployTasks([{ id: "hello" }]);
    expect(await reasonOf(queue("mine"))).toBe("QUEUE_NOT_FOUND");
    await environment.tasks.triggerTask({ trigger: { requestId: "r1", taskId: "hello", queue: "mine" } });
    expect(await queue("mine")).toMatchObject({ name: "mine", depth: 1n, running: 0n });
    expect((await queue("mine"))?.oldestQueueTime).toBeDefined();
  });

  it("are listed in pages, whatever their names", async () => {
    const ids = ["ä/ö", "x".repeat(256), "plain", "日本"];
    await deployTasks(ids.map((id) => ({ id })));
    const names: string[] = [];
    for (let pageToken = ""; ;) {
      const page = await environment.queues.listQueues({ pageSize: 1, pageToken });
      names.push(...page.queues.map(({ name }) => name));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(names.toSorted()).toEqual(ids.map((id) => `task/${id}`).toSorted());
  });

  it("that are paused say so, and their owner is told at once; both are idempotent", async () => {
    await deployTasks([{ id: "hello" }]);
    told.length = 0;
    const name = "task/hello";
    for (let times = 0; times < 2; times += 1)
      expect((await environment.queues.pauseQueue({ name })).queue?.isPaused).toBe(true);
    expect(told[0]).toMatchObject({ environmentId: environment.id, queue: name, isPaused: true });
    for (let times = 0; times < 2; times += 1)
      expect((await environment.queues.resumeQueue({ name })).queue?.isPaused).toBe(false);
    expect(told.at(-1)).toMatchObject({ queue: name, isPaused: false });
  });

  it("keep an override across deployments until it is reset", async () => {
    await deployTasks([{ id: "hello", queueConcurrencyLimit: 5 }]);
    const name = "task/hello";
    const { queue: overridden } = await environment.queues.overrideConcurrencyLimit({ name, concurrencyLimit: 0 });
    expect(overridden).toMatchObject({ concurrencyLimit: 0, declaredConcurrencyLimit: 5, isOverridden: true });
    expect(told.at(-1)).toMatchObject({ queue: name, concurrencyLimit: 0 });
    await deployTasks([{ id: "hello", queueConcurrencyLimit: 6 }]);
    expect(await queue(name)).toMatchObject({ concurrencyLimit: 0, declaredConcurrencyLimit: 6 });
    const { queue: reset } = await environment.queues.resetConcurrencyLimit({ name });
    expect(reset).toMatchObject({ concurrencyLimit: 6, isOverridden: false });
    for (const concurrencyLimit of [-1, 100_001])
      expect(await reasonOf(environment.queues.overrideConcurrencyLimit({ name, concurrencyLimit }))).toBe(
        "FIELD_INVALID",
      );
  });

  it("count what executes when their owner cannot be asked", async () => {
    await deployTasks([{ id: "hello" }]);
    await seeder.claim(environment.id, await seeder.trigger(environment.id));
    await seeder.trigger(environment.id);
    expect(await queue("task/hello")).toMatchObject({ depth: 1n, running: 1n });
  });
});

describe("an environment's limit", () => {
  it("is shown, told to the owner, and taken away again", async () => {
    const limited = await environment.environments.setConcurrencyLimit({ concurrencyLimit: 10 });
    expect(limited.environment?.concurrencyLimit).toBe(10);
    expect((await environment.environments.getEnvironment({})).environment?.concurrencyLimit).toBe(10);
    expect(told).toMatchObject([{ environmentId: environment.id, concurrencyLimit: 10 }]);
    const { environment: free } = await environment.environments.setConcurrencyLimit({});
    expect(free?.concurrencyLimit).toBeUndefined();
    expect(await reasonOf(environment.environments.setConcurrencyLimit({ concurrencyLimit: -1 }))).toBe(
      "FIELD_INVALID",
    );
  });
});

describe("why a run does not execute", () => {
  const holdOf = async (runId: string) => (await environment.runs.getRun({ runId })).hold;
  const trigger = async (taskId: string, startTime?: { seconds: bigint }) => {
    const options = startTime === undefined ? {} : { options: { startTime } };
    const { run } = await environment.tasks.triggerTask({ trigger: { requestId: taskId, taskId, ...options } });
    return run?.runId ?? "";
  };

  it("is a start time that has not come, or a version that is missing", async () => {
    await deployTasks([{ id: "hello" }]);
    const startTime = { seconds: BigInt(Math.round(Date.now() / 1_000) + 3_600) };
    expect(await holdOf(await trigger("hello", startTime))).toMatchObject({
      reason: HoldReason.DELAYED,
      until: startTime,
    });
    const missing = await holdOf(await trigger("unknown"));
    expect(missing?.reason).toBe(HoldReason.VERSION_MISSING);
    expect(missing?.message).toContain('"unknown"');
  });

  it("is asked of the queue service that owns its queue; one that cannot be reached is a reason of its own", async () => {
    await deployTasks([{ id: "hello" }]);
    const runId = await trigger("hello");
    expect(await holdOf(runId)).toMatchObject({ reason: HoldReason.QUEUE_SERVICE_DOWN });
    const asked: string[] = [];
    const owner = createGrpcServer({
      address: "127.0.0.1:0",
      logger,
      telemetry: startTelemetry({ service: "test", logger }),
      authenticate: () => Promise.resolve({ kind: "internal" }),
    });
    owner.add(QueueStateService, {
      explainRun: (request) => {
        asked.push(request.environmentId, request.runId);
        return Promise.resolve({ hold: { reason: HoldReason.QUEUE_PAUSED, message: "It is paused." } });
      },
      describeQueues: (request) => Promise.resolve({ states: request.queues.map(() => ({ depth: 42n, running: 7n })) }),
    });
    await owner.start();
    await holdShards({ postgres: server.postgres, logger }, { id: "queue_1", address: owner.address, released: [] });
    expect(await holdOf(runId)).toMatchObject({ reason: HoldReason.QUEUE_PAUSED, message: "It is paused." });
    expect(asked).toEqual([environment.id, runId]);
    expect(await queue("task/hello")).toMatchObject({ depth: 42n, running: 7n });
    await owner.stop();
    expect(await holdOf(runId)).toMatchObject({ reason: HoldReason.QUEUE_SERVICE_DOWN });
  });

  it("is nothing once it executes", async () => {
    await deployTasks([{ id: "hello" }]);
    const runId = await trigger("hello");
    await seeder.claim(environment.id, runId);
    const { run, hold } = await environment.runs.getRun({ runId });
    expect([run?.startTime === undefined, hold]).toEqual([false, undefined]);
  });
});

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, Metadata, credentials, status } from "@grpc/grpc-js";
import { configure, runs, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { ErrorReason, type RunOptionsSchema, RunStatus, TriggerTasksRequestSchema } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Clients, type TestCluster, checkInvariants, startCluster } from "../kit/index.ts";

let cluster: TestCluster;
let client: Clients;

beforeAll(async () => {
  cluster = await startCluster();
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  client = cluster.client();
  await deploy(fileURLToPath(new URL("bad-input-tasks", import.meta.url)));
});

afterAll(() => cluster.end());

// After every bad request the cluster still does its work, and its memory holds nothing impossible.
afterEach(async () => {
  const handle = await tasks.trigger("echo", { still: "alive" });
  const run = await runs.poll(handle.id);
  expect(run.output).toEqual({ still: "alive" });
  expect(await checkInvariants(cluster.database)).toEqual([]);
});

/** A trigger as a caller writes it. */
interface TriggerInit {
  requestId?: string;
  taskId?: string;
  payload?: { data: Uint8Array; contentType: string };
  queue?: string;
  maxAttempts?: number;
  tags?: string[];
  options?: MessageInitShape<typeof RunOptionsSchema>;
}

const json = (text: string) => ({ data: Buffer.from(text), contentType: "application/json" });
const good = (): TriggerInit => ({ requestId: randomUUID(), taskId: "echo", payload: json("{}") });

async function failureOf(promise: Promise<unknown>): Promise<CallFailure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CallFailure);
  return error as CallFailure;
}

describe("a trigger that cannot be is refused with the field and its limit", () => {
  test.for<[what: string, field: string, limit: RegExp, change: TriggerInit]>([
    [
      "a payload over 3 MB",
      "trigger.payload.data",
      /3/u,
      { payload: json(JSON.stringify("x".repeat(3 * 1024 * 1024))) },
    ],
    ["a payload that is not JSON", "trigger.payload.data", /JSON/iu, { payload: json("{not json") }],
    [
      "a content type we do not know",
      "trigger.payload.content_type",
      /application\/json/u,
      { payload: { data: Buffer.from("x"), contentType: "text/html" } },
    ],
    ["NUL in the task id", "trigger.task_id", /control/u, { taskId: "a\0b" }],
    ["a task id of 10 KB", "trigger.task_id", /256/u, { taskId: "x".repeat(10_240) }],
    ["no task id", "trigger.task_id", /1 to 256/u, { taskId: "" }],
    ["`*` in the queue", "trigger.queue", /A-Z/u, { queue: "*" }],
    ["`>` in the queue", "trigger.queue", /A-Z/u, { queue: "a>b" }],
    ["NUL in the queue", "trigger.queue", /A-Z/u, { queue: "a\0" }],
    ["a queue of 10 KB", "trigger.queue", /128/u, { queue: "q".repeat(10_240) }],
    ["NUL in a tag", "trigger.tags[0]", /control/u, { tags: ["\0"] }],
    ["eleven tags", "trigger.tags", /10/u, { tags: Array.from({ length: 11 }, (_, i) => `t${i}`) }],
    ["negative maxAttempts", "trigger.max_attempts", /100/u, { maxAttempts: -1 }],
    ["absurd maxAttempts", "trigger.max_attempts", /100/u, { maxAttempts: 2_000_000_000 }],
    ["no request id", "trigger.request_id", /64/u, { requestId: "" }],
    ["a request id with a slash", "trigger.request_id", /A-Z/u, { requestId: "../x" }],
    [
      "NUL in the concurrency key",
      "trigger.options.concurrency_key",
      /control/u,
      { options: { concurrencyKey: "\0" } },
    ],
    [
      "a concurrency key of 10 KB",
      "trigger.options.concurrency_key",
      /128/u,
      { options: { concurrencyKey: "k".repeat(10_240) } },
    ],
    ["negative priority", "trigger.options.priority", /31536000|31,536,000/u, { options: { priority: -1 } }],
    ["absurd priority", "trigger.options.priority", /31536000|31,536,000/u, { options: { priority: 2 ** 31 - 1 } }],
    ["a ttl of nothing", "trigger.options.ttl", /more than 0/u, { options: { ttl: {} } }],
    ["a negative ttl", "trigger.options.ttl", /more than 0/u, { options: { ttl: { seconds: -1n } } }],
    ["a ttl of a thousand years", "trigger.options.ttl", /365/u, { options: { ttl: { seconds: 31_536_000_000n } } }],
    [
      "a start in the year 9999",
      "trigger.options.start_time",
      /10 years/u,
      { options: { startTime: { seconds: 253_370_764_800n } } },
    ],
    [
      "a debounce of no time",
      "trigger.options.debounce.delay",
      /1 s to/u,
      { options: { debounce: { key: "k", delay: {} } } },
    ],
    [
      "a debounce key of 10 KB",
      "trigger.options.debounce.key",
      /512/u,
      { options: { debounce: { key: "k".repeat(10_240), delay: { seconds: 1n } } } },
    ],
    ["a batch id that is none", "trigger.options.batch_id", /batch_/u, { options: { batchId: "*" } }],
  ])("%s", async ([, field, limit, change]) => {
    const failure = await failureOf(client.tasks.triggerTask({ trigger: { ...good(), ...change } }));
    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: ErrorReason.FIELD_INVALID });
    expect(failure.violations.map((violation) => violation.field)).toContain(field);
    expect(failure.violations.find((violation) => violation.field === field)?.description).toMatch(limit);
  });

  test("half a surrogate pair in a string is refused before it is sent", async () => {
    const failure = await failureOf(client.tasks.triggerTask({ trigger: { ...good(), taskId: "\ud800" } }));
    expect(failure.reason).toBe(ErrorReason.FIELD_INVALID);
  });

  test("a bad item of a batch fails alone", async () => {
    const call = client.tasks.triggerTasks();
    call.send(
      create(TriggerTasksRequestSchema, { correlationId: 1n, triggers: [good(), { ...good(), taskId: "\0" }, good()] }),
    );
    for await (const { results } of call.responses) {
      expect(results.map(({ result }) => result.case)).toEqual(["run", "error", "run"]);
      break;
    }
    call.cancel();
  });
});

describe("what looks dangerous and is only data goes through unchanged", () => {
  test.for(['{"__proto__":{"polluted":true},"constructor":{"prototype":1}}', '"\\u0000"', '"\\ud800"', '{"a":"*>./"}'])(
    "the payload %s",
    async (text) => {
      const { run } = await client.tasks.triggerTask({ trigger: { ...good(), payload: json(text) } });
      const ended = await runs.poll(run?.runId ?? "");
      expect(ended.status).toBe("COMPLETED");
      const stored = await client.runs.getRun({ runId: run?.runId ?? "" });
      expect(JSON.parse(Buffer.from(stored.run?.output?.data ?? []).toString())).toEqual(JSON.parse(text));
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    },
  );

  test.for(["*", ">", "a.b.c", "__proto__", "'; DROP TABLE runs; --", "🎉"])(
    "the concurrency key %s",
    async (concurrencyKey) => {
      const { run } = await client.tasks.triggerTask({ trigger: { ...good(), options: { concurrencyKey } } });
      await runs.poll(run?.runId ?? "");
      expect((await runs.retrieve(run?.runId ?? "")).options.concurrencyKey).toBe(concurrencyKey);
    },
  );

  test("a start time before 1970 is now", async () => {
    const options = { startTime: { seconds: -62_135_596_800n } };
    const { run } = await client.tasks.triggerTask({ trigger: { ...good(), options } });
    expect((await runs.poll(run?.runId ?? "")).status).toBe("COMPLETED");
  });

  test.for(["*", ">", "a.b.c", "../../etc/passwd", "'; DROP TABLE runs; --", "ünï©ödé 🎉"])(
    "a task that nobody knows, %s, waits for its version",
    async (taskId) => {
      const { run } = await client.tasks.triggerTask({ trigger: { ...good(), taskId } });
      const stored = await client.runs.getRun({ runId: run?.runId ?? "" });
      expect(stored.run?.status).toBe(RunStatus.PENDING_VERSION);
      await client.runs.cancelRun({ runId: run?.runId ?? "" });
    },
  );
});

describe("a limit that cannot be, or of what is not there, is refused", () => {
  test.for([-1, 100_001, -(2 ** 31)])("a queue's limit of %s", async (concurrencyLimit) => {
    const call = client.queues.overrideConcurrencyLimit({ name: "task/echo", concurrencyLimit });
    expect((await failureOf(call)).reason).toBe(ErrorReason.FIELD_INVALID);
  });

  test.for([-1, 1_000_001])("an environment's limit of %s", async (concurrencyLimit) => {
    const call = client.environments.setConcurrencyLimit({ concurrencyLimit });
    expect((await failureOf(call)).reason).toBe(ErrorReason.FIELD_INVALID);
  });

  test.for(["nobody", "*", "", "\0", "q".repeat(10_240)])("the queue %j", async (name) => {
    const failures = [
      client.queues.getQueue({ name }),
      client.queues.pauseQueue({ name }),
      client.queues.resumeQueue({ name }),
      client.queues.overrideConcurrencyLimit({ name, concurrencyLimit: 1 }),
      client.queues.resetConcurrencyLimit({ name }),
    ].map(failureOf);
    for (const { reason } of await Promise.all(failures))
      expect([ErrorReason.QUEUE_NOT_FOUND, ErrorReason.FIELD_INVALID]).toContain(reason);
  });
});

describe("a caller without a right to be here is refused", () => {
  test.for([
    ["no API key", ""],
    ["a wrong API key", "wl_dev_nonsense"],
    ["an API key of 10 KB", "x".repeat(10_240)],
  ])("%s", async ([, key]) => {
    const failure = await failureOf(cluster.client(key).runs.listRuns({}));
    expect(failure).toMatchObject({ code: status.UNAUTHENTICATED, reason: ErrorReason.API_KEY_INVALID });
  });

  test("another environment's run does not exist", async () => {
    const { run } = await client.tasks.triggerTask({ trigger: good() });
    const admin = cluster.client(cluster.secrets.adminToken);
    const other = await admin.environments.createEnvironment({ slug: "other", type: 1, project: "local" });
    const stranger = cluster.client(other.apiKey);
    for (const runId of [run?.runId ?? "", "run_00000000000000000000000000", "", "\0", "../..", "x".repeat(10_240)]) {
      for (const call of [() => stranger.runs.getRun({ runId }), () => stranger.runs.cancelRun({ runId })]) {
        const failure = await failureOf(call());
        expect([ErrorReason.RUN_NOT_FOUND, ErrorReason.FIELD_INVALID]).toContain(failure.reason);
      }
    }
    const own = await failureOf(stranger.runs.getRun({ runId: run?.runId ?? "" }));
    expect(own).toMatchObject({ code: status.NOT_FOUND, reason: ErrorReason.RUN_NOT_FOUND });
  });
});

describe("bytes that are no message of ours", () => {
  const raw = () => new Client(cluster.url, credentials.createInsecure());
  const bearer = () => {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${cluster.apiKey}`);
    return metadata;
  };
  const asIs = (bytes: Buffer) => bytes;

  test("malformed protobuf is INVALID_ARGUMENT", async () => {
    const channel = raw();
    const error = await new Promise<{ code: number } | null>((resolve) => {
      channel.makeUnaryRequest(
        "/windlass.v1.TaskService/TriggerTask",
        asIs,
        asIs,
        Buffer.from([0xff, 0xff, 0xff, 0xff]),
        bearer(),
        (failure) => resolve(failure),
      );
    });
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    channel.close();
  });

  test("a stream cut in the middle of an upload leaves no deployment", async () => {
    const before = await client.deployments.listDeployments({});
    const channel = raw();
    const stream: ClientDuplexStream<Buffer, Buffer> = channel.makeBidiStreamRequest(
      "/windlass.v1.DeploymentService/CreateDeployment",
      asIs,
      asIs,
      bearer(),
    );
    const ended = once(stream, "error");
    // A header that announces a megabyte, and then nothing of it: field 1, { bundle_hash: 64 x "a", bundle_size: 1 MiB }.
    const header = Buffer.concat([
      Buffer.from([0x0a, 64]),
      Buffer.alloc(64, "a"),
      Buffer.from([0x10, 0x80, 0x80, 0x40]),
    ]);
    stream.write(Buffer.concat([Buffer.from([0x0a, header.length]), header]));
    stream.cancel();
    await ended;
    const after = await client.deployments.listDeployments({});
    expect(after.deployments.map(({ id }) => id)).toEqual(before.deployments.map(({ id }) => id));
    channel.close();
  });
});

// The whole service on a database of its own, over real connections, as programs, the queue, the scheduler and a supervisor see it.
import {
  AttemptOutcome,
  DeploymentService,
  DueService,
  ErrorReason,
  ExecutionService,
  type Lease,
  RunQueueService,
  RunService,
  RunStatus,
  TaskService,
  TokenStatus,
  WaitpointService,
} from "@windlass/proto";
import { type BidiCall, type Client, type ClientChannel, createChannel, createClient } from "@windlass/proto/grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectToPostgres } from "../../../test/kit/connect-to-postgres.ts";
import { createTestDatabase, type TestDatabase } from "../../../test/kit/test-database.ts";
import { createRunStore, type RunStore } from "./service.ts";
import { failureOf } from "./testing/failure-of.ts";
import { failed, finishItem, hookResult, json, logEvent } from "./testing/reports.ts";
import { deploy } from "./testing/upload.ts";

const INTERNAL_TOKEN = "internal-token-for-tests";
const API_KEY = `wl_dev_${"A".repeat(32)}`;

let database: TestDatabase;
let runStore: RunStore;
let channels: ClientChannel[];
let tasks: Client<typeof TaskService>;
let runs: Client<typeof RunService>;
let queue: Client<typeof RunQueueService>;
let due: Client<typeof DueService>;
let execution: Client<typeof ExecutionService>;
let tokens: Client<typeof WaitpointService>;

beforeAll(async () => {
  database = await createTestDatabase();
  runStore = createRunStore({
    WINDLASS_LOG_LEVEL: "error",
    WINDLASS_INTERNAL_TOKEN: INTERNAL_TOKEN,
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    WINDLASS_DRAIN_TIMEOUT_MS: 1_000,
    WINDLASS_EXIT_WITH_PARENT: "0",
    WINDLASS_LISTEN: "127.0.0.1:0",
    WINDLASS_HTTP_LISTEN: "127.0.0.1:0",
    WINDLASS_PUBLIC_HTTP_URL: undefined,
    DATABASE_URL: database.url,
    NATS_URL: undefined,
    WINDLASS_ADMIN_TOKEN: undefined,
    WINDLASS_SECRETS_KEYS: [Buffer.alloc(32, 1).toString("base64")],
    WINDLASS_BOOTSTRAP_ENVIRONMENT: undefined,
    WINDLASS_BOOTSTRAP_API_KEY: undefined,
    bootstrap: { environment: { slug: "dev", type: "DEVELOPMENT", project: "proj" }, apiKey: API_KEY },
  });
  await runStore.start();
  const open = (token: string) => createChannel(runStore.address, { token });
  const [program, internal] = [open(API_KEY), open(INTERNAL_TOKEN)];
  channels = [program, internal];
  tasks = createClient(TaskService, program);
  tokens = createClient(WaitpointService, program);
  runs = createClient(RunService, program);
  queue = createClient(RunQueueService, internal);
  due = createClient(DueService, internal);
  execution = createClient(ExecutionService, internal);
  await deploy({ deployments: createClient(DeploymentService, program) }, "a bundle", ["hello"]);
});
afterAll(async () => {
  for (const channel of channels) channel.close();
  await runStore.stop();
  await database.drop();
});

const trigger = (requestId: string) => ({
  requestId,
  taskId: "hello",
  payload: { data: Buffer.from("1"), contentType: "application/json" },
});

async function next<T>(iterator: AsyncIterator<T>): Promise<T> {
  const result = await iterator.next();
  if (result.done === true) throw new Error("the stream has ended");
  return result.value;
}

/** The first message of which something is true. */
async function nextWith<T>(iterator: AsyncIterator<T>, isIt: (message: T) => boolean): Promise<T> {
  for (;;) {
    const message = await next(iterator);
    if (isIt(message)) return message;
  }
}

/** Makes "queue" the owner of all shards, and tells which one the environment belongs to. */
async function takeShard(): Promise<number> {
  const hold = queue.holdShards();
  const { shards } = await ask(hold, hold.responses[Symbol.asyncIterator](), {
    queueServiceId: "queue",
    address: "127.0.0.1:1",
  });
  expect(shards).toHaveLength(8);
  const postgres = await connectToPostgres(database.url);
  try {
    const [row] = await postgres.query<{ queue_shard: number }>({
      name: "",
      text: "SELECT queue_shard FROM environments",
    });
    return row?.queue_shard ?? 0;
  } finally {
    await postgres.stop();
  }
}

/** Asks on a stream and waits for the answer. */
async function ask<Req, Res>(call: BidiCall<Req, Res>, answers: AsyncIterator<Res>, question: Req): Promise<Res> {
  call.send(question);
  return next(answers);
}

describe("a run", () => {
  it("goes from the trigger to its result, by every stream on the way", async () => {
    const shard = await takeShard();
    const watch = queue.watchQueued({ queueServiceId: "queue", shard });
    const queued = watch[Symbol.asyncIterator]();
    const { epoch } = await nextWith(queued, (message) => message.snapshotComplete);

    const report = execution.reportExecution();
    const reports = report.responses[Symbol.asyncIterator]();
    expect(
      await ask(report, reports, {
        correlationId: 1n,
        body: {
          case: "register",
          value: { supervisorId: "sup_1", hostname: "host", sandboxTier: "process", ttl: { seconds: 30n } },
        },
      }),
    ).not.toHaveProperty("error");

    const { run } = await tasks.triggerTask({ trigger: trigger("unary") });
    const runId = run?.runId ?? "";
    const told = await next(queued);
    expect(told).toMatchObject({ epoch, runs: [{ runId, queue: "task/hello" }] });

    const awaiting = runs.awaitRuns();
    awaiting.send({ runIds: [runId] });
    const timeline = runs.watchRun({ runId });

    const claims = queue.claimRuns();
    const claimed = await ask(claims, claims.responses[Symbol.asyncIterator](), {
      correlationId: 7n,
      epoch,
      shard,
      claims: [{ environmentId: told.runs[0]?.environmentId ?? "", runId, supervisorId: "sup_1" }],
    });
    expect(claimed).toMatchObject({ correlationId: 7n, results: [{ result: { case: "lease" } }] });
    const lease = claimed.results[0]?.result.value as Lease;
    expect(lease).toMatchObject({ attemptNumber: 1, run: { payload: { data: Buffer.from("1") } } });

    const reported = await ask(report, reports, {
      correlationId: 2n,
      body: {
        case: "work",
        value: {
          finished: [
            {
              ref: lease.ref,
              attemptNumber: 1,
              outcome: AttemptOutcome.SUCCEEDED,
              output: json({ ok: true }),
              hooks: [hookResult("run")],
              events: [logEvent("hello")],
            },
          ],
        },
      },
    });
    expect(reported).toMatchObject({ correlationId: 2n, lost: [] });
    const { results } = await next(awaiting.responses[Symbol.asyncIterator]());
    expect(results).toMatchObject([
      { runId, result: { case: "run", value: { status: RunStatus.COMPLETED, output: json({ ok: true }) } } },
    ]);
    const events = (await Array.fromAsync(timeline)).flatMap((page) => page.events);
    expect(events.map(({ seq, body }) => `${seq} ${body.case}`)).toEqual([
      "1 statusChanged",
      "2 statusChanged",
      "3 log",
      "4 attemptEnded",
      "5 statusChanged",
    ]);
    expect(await runs.getRun({ runId })).toMatchObject({
      run: { status: RunStatus.COMPLETED, version: expect.stringContaining(".") as string },
      attempts: [{ number: 1, outcome: AttemptOutcome.SUCCEEDED, hooks: [{ hook: "run" }], supervisorId: "sup_1" }],
    });

    awaiting.end();
    claims.end();
    report.cancel();
    await queued.return?.();
  });

  it("that fails is due again, and a cancel of an executing one is pushed to its supervisor", async () => {
    const { parts, supervisor } = await openSupervisor("sup_2");
    const watching = due.watchDue({ horizonMs: 60_000n })[Symbol.asyncIterator]();
    const watched = watching.next();
    const lease = await leaseNew("fails", "sup_2");
    await parts({ finished: [{ ...finish(lease), ...failedEnd() }] });
    const item = (await watched).value?.items[0];
    expect(item?.item).toMatchObject({ case: "run", value: { runId: lease.run?.id } });
    const { items } = await due.listDue({ horizonMs: 60_000n });
    expect(items.map(({ item: listed }) => listed.case)).toContain("run");
    expect(await due.applyDue({ items: items.filter(({ item: listed }) => listed.case === "run") })).toMatchObject({
      applied: 0,
    });

    const executing = await leaseNew("is canceled", "sup_2");
    const { run } = await runs.cancelRun({ runId: executing.run?.id ?? "", reason: "enough" });
    expect(run?.status).toBe(RunStatus.CANCELING);
    const pushed = await next(supervisor.answers);
    expect(pushed).toMatchObject({ correlationId: 0n, cancels: [{ ref: executing.ref, reason: "enough" }] });
    supervisor.call.cancel();
    await watching.return?.();
  });

  it("is triggered by the hundred in one message; a bad item fails alone", async () => {
    const call = tasks.triggerTasks();
    const triggers = Array.from({ length: 100 }, (_, index) => trigger(`many-${index}`));
    triggers[50] = { ...trigger("many-50"), taskId: "a\0b" };
    const { correlationId, results } = await ask(call, call.responses[Symbol.asyncIterator](), {
      correlationId: 5n,
      triggers,
    });
    expect(correlationId).toBe(5n);
    expect(results.filter(({ result }) => result.case === "run")).toHaveLength(99);
    expect(results[50]?.result).toMatchObject({
      case: "error",
      value: { reason: ErrorReason.FIELD_INVALID, violations: [{ field: "triggers[50].task_id" }] },
    });
    call.end();
  });
});

describe("a stream of a supervisor", () => {
  it("begins with its registration", async () => {
    const call = execution.reportExecution();
    const answers = call.responses[Symbol.asyncIterator]();
    expect(await ask(call, answers, { correlationId: 1n, body: { case: "heartbeat", value: {} } })).toMatchObject({
      error: { reason: ErrorReason.FIELD_INVALID },
    });
    expect(await ask(call, answers, { correlationId: 2n })).toMatchObject({
      error: { reason: ErrorReason.FIELD_INVALID },
    });
    call.cancel();
  });

  it("goes on after a message that is refused", async () => {
    const { parts, supervisor } = await openSupervisor("sup_3");
    expect(await parts({})).toMatchObject({ error: { reason: ErrorReason.FIELD_INVALID } });
    const ref = { environmentId: "env_1", runId: "run_1", leaseToken: "not a token" };
    expect(await parts({ released: [ref] })).toMatchObject({ lost: [ref] });
    expect(await supervisor.ask({ case: "heartbeat", value: {} })).not.toHaveProperty("error");
    expect(await supervisor.ask({ case: "unregister", value: {} })).not.toHaveProperty("error");
    expect(await supervisor.ask({ case: "heartbeat", value: {} })).toMatchObject({
      error: { reason: ErrorReason.SUPERVISOR_EXPIRED },
    });
    supervisor.call.end();
  });
});

it("a stale epoch and malformed claims are answered on the stream, which goes on", async () => {
  const call = queue.claimRuns();
  const answers = call.responses[Symbol.asyncIterator]();
  const claims = [{ environmentId: "env_1", runId: "run_1", supervisorId: "sup_1" }];
  expect(await ask(call, answers, { correlationId: 1n, epoch: 0n, claims })).toMatchObject({
    error: { reason: ErrorReason.EPOCH_STALE },
  });
  expect(await ask(call, answers, { correlationId: 2n, epoch: 1n })).toMatchObject({
    error: { reason: ErrorReason.FIELD_INVALID },
  });
  call.end();
  expect(await answers.next()).toMatchObject({ done: true });
});

it("a wait token is due when it times out, and is completed at its url, once", async () => {
  const watching = due.watchDue({ horizonMs: 60_000n });
  await watching.opened;
  const { token, url } = await tokens.createToken({ timeout: { seconds: 30n } });
  const tokenId = token?.id ?? "";
  const watched = await next(watching[Symbol.asyncIterator]());
  expect(watched.items[0]?.item).toMatchObject({ case: "token", value: { tokenId } });
  expect(await due.applyDue({ items: watched.items })).toMatchObject({
    applied: 0,
    postponed: [{ item: { case: "token", value: { tokenId } } }],
  });
  const { items } = await due.listDue({ horizonMs: 60_000n });
  expect(items.filter(({ item }) => item.case === "token")).toHaveLength(1);

  expect(url).toContain(`http://${runStore.httpAddress}/v1/tokens/${tokenId}/complete?secret=`);
  const post = (body: string) => fetch(url, { method: "POST", body });
  expect((await post('"yes"')).status).toBe(200);
  expect((await post('"no"')).status).toBe(200);
  const { token: completed } = await tokens.getToken({ tokenId });
  expect(completed?.status).toBe(TokenStatus.COMPLETED);
  expect(Buffer.from(completed?.data?.data ?? []).toString()).toBe('"yes"');
  const left = (await due.listDue({ horizonMs: 60_000n })).items;
  expect(left.filter(({ item }) => item.case === "token")).toEqual([]);
});

it("keys open only their own doors", async () => {
  const stranger = createChannel(runStore.address, { token: API_KEY });
  channels.push(stranger);
  const failure = await failureOf(createClient(DueService, stranger).listDue({}));
  expect(failure.reason).toBe(ErrorReason.NOT_PERMITTED);
});

/** A registered supervisor and its stream. */
async function openSupervisor(supervisorId: string) {
  const call = execution.reportExecution();
  const answers = call.responses[Symbol.asyncIterator]();
  let correlationId = 0n;
  type Body = NonNullable<Parameters<typeof call.send>[0]["body"]>;
  const askNext = (body: Body) => ask(call, answers, { correlationId: (correlationId += 1n), body });
  await askNext({
    case: "register",
    value: { supervisorId, hostname: "host", sandboxTier: "process", ttl: { seconds: 30n } },
  });
  const parts = (value: Extract<Body, { case: "work" }>["value"]) => askNext({ case: "work", value });
  return { parts, supervisor: { call, answers, ask: askNext } };
}

/** Triggers a run and claims it, as the queue's new owner. */
async function leaseNew(requestId: string, supervisorId: string): Promise<Lease> {
  const { run } = await tasks.triggerTask({ trigger: trigger(requestId.replaceAll(" ", "-")) });
  const shard = await takeShard();
  const queued = queue.watchQueued({ queueServiceId: "queue", shard })[Symbol.asyncIterator]();
  const { epoch, runs: waiting } = await nextWith(queued, (message) => message.runs.length > 0);
  await queued.return?.();
  const mine = waiting.find(({ runId }) => runId === run?.runId);
  const call = queue.claimRuns();
  const { results } = await ask(call, call.responses[Symbol.asyncIterator](), {
    correlationId: 1n,
    epoch,
    shard,
    claims: [{ environmentId: mine?.environmentId ?? "", runId: mine?.runId ?? "", supervisorId }],
  });
  call.end();
  return results[0]?.result.value as Lease;
}

function finish(lease: Lease) {
  return {
    ref: lease.ref,
    attemptNumber: lease.attemptNumber,
    outcome: AttemptOutcome.SUCCEEDED,
    hooks: finishItem(lease).hooks as [],
  };
}

function failedEnd() {
  return { outcome: AttemptOutcome.FAILED, error: failed().error };
}

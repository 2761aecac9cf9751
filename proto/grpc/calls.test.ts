import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as GrpcClient, Metadata, credentials, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { DeploymentService, ErrorReason, RunService, TaskService } from "../index.ts";
import { collect, failureOf } from "../test/failure-of.ts";
import { type LoopbackServer, startLoopbackServer } from "../test/loopback-server.ts";
import {
  type CallContext,
  CallFailure,
  type ServiceImplementation,
  callFailureFromServiceError,
  createChannel,
  createClient,
  createPushStream,
  fieldInvalid,
} from "../grpc.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Tasks = ServiceImplementation<typeof TaskService>;
type Runs = ServiceImplementation<typeof RunService>;
type Deployments = ServiceImplementation<typeof DeploymentService>;

const unused = (): never => {
  throw new Error("This test does not call it.");
};

const echoTasks: Tasks = {
  resetIdempotencyKey: () => Promise.reject(new Error("not asked for")),
  triggerTask: ({ trigger }) => Promise.resolve({ run: { runId: trigger?.taskId ?? "" } }),
  async *triggerTasks(requests) {
    for await (const { correlationId } of requests) yield { correlationId };
  },
};

const unusedRuns: Runs = {
  getRun: unused,
  listRuns: unused,
  watchRun: unused,
  awaitRuns: unused,
  cancelRun: unused,
  replayRun: unused,
  rescheduleRun: unused,
  updateRun: unused,
};
const unusedDeployments: Deployments = {
  createDeployment: unused,
  getCurrentDeployment: unused,
  listDeployments: unused,
};

async function started(starting: Promise<LoopbackServer>): Promise<LoopbackServer> {
  const server = await starting;
  cleanups.push(() => server.stop());
  return server;
}

const startTasks = (implementation: Partial<Tasks>, address?: string) =>
  started(startLoopbackServer(TaskService, { ...echoTasks, ...implementation }, address));
const startRuns = (implementation: Partial<Runs>) =>
  started(startLoopbackServer(RunService, { ...unusedRuns, ...implementation }));
const startDeployments = (implementation: Partial<Deployments>) =>
  started(startLoopbackServer(DeploymentService, { ...unusedDeployments, ...implementation }));

/** Resolves when the signal has aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

describe.each(["tcp", "unix socket"])("each kind of call, over %s", (transport) => {
  const address = async (): Promise<string | undefined> => {
    if (transport === "tcp") return undefined;
    const directory = await mkdtemp(join(tmpdir(), "windlass-"));
    cleanups.push(() => rm(directory, { recursive: true }));
    return `unix:${join(directory, "server.sock")}`;
  };

  test("unary", async () => {
    const server = await startTasks({}, await address());
    const client = createClient(TaskService, server.connect());
    const { run } = await client.triggerTask({ trigger: { taskId: "hello" } });
    expect(run?.runId).toBe("hello");
  });

  test("bidi streaming", async () => {
    const server = await startTasks({}, await address());
    const call = createClient(TaskService, server.connect()).triggerTasks();
    for (let id = 1n; id <= 1_000n; id += 1n) if (!call.send({ correlationId: id })) await call.drained();
    call.end();
    const answers = await collect(call.responses);
    expect(answers.map(({ correlationId }) => correlationId)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => BigInt(i + 1)),
    );
  });

  test("server streaming", async () => {
    const server = await started(
      startLoopbackServer(
        RunService,
        {
          ...unusedRuns,
          async *watchRun({ afterSeq }) {
            for (let seq = afterSeq + 1n; seq <= 300n; seq += 1n) yield { events: [{ seq }] };
          },
        },
        await address(),
      ),
    );
    const events = await collect(createClient(RunService, server.connect()).watchRun({ runId: "r", afterSeq: 7n }));
    expect(events).toHaveLength(293);
    expect(events[0]?.events[0]?.seq).toBe(8n);
  });

  test("client streaming", async () => {
    const server = await started(
      startLoopbackServer(
        DeploymentService,
        {
          ...unusedDeployments,
          async createDeployment(requests) {
            let bytes = 0;
            for await (const { part } of requests) if (part.case === "chunk") bytes += part.value.length;
            return { deployment: { id: String(bytes) } };
          },
        },
        await address(),
      ),
    );
    const chunks = async function* () {
      yield { part: { case: "header" as const, value: { bundleHash: "h" } } };
      for (let i = 0; i < 20; i += 1) yield { part: { case: "chunk" as const, value: new Uint8Array(1024 * 1024) } };
    };
    const { deployment } = await createClient(DeploymentService, server.connect()).createDeployment(chunks());
    expect(deployment?.id).toBe(String(20 * 1024 * 1024));
  });
});

test("what a handler knows of its call", async () => {
  let seen: CallContext | undefined;
  const server = await startTasks({
    resetIdempotencyKey: () => Promise.reject(new Error("not asked for")),
    triggerTask: (_, call) => {
      seen = call;
      return Promise.resolve({});
    },
  });
  const metadata = new Metadata();
  metadata.set("x-own", "1");
  const client = createClient(TaskService, server.connect({ token: "t0ken" }));
  await client.triggerTask({}, { metadata, timeoutMs: 5_000 });
  expect(seen?.method).toBe("windlass.v1.TaskService/TriggerTask");
  expect(seen?.metadata.get("authorization")).toEqual(["Bearer t0ken"]);
  expect(seen?.metadata.get("x-own")).toEqual(["1"]);
  expect(Number(seen?.deadline) - Date.now()).toBeGreaterThan(1_000);
  expect(seen?.signal.aborted).toBe(false);
});

describe("failures", () => {
  const refusal = new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.RUN_NOT_FOUND,
    message: "No run run_1.",
    violations: [{ field: "run_id", description: "is unknown." }],
  });

  test("a thrown CallFailure is the caller's, in every kind of call", async () => {
    const refuse = (): never => {
      throw refusal;
    };
    const tasks = await startTasks({ triggerTask: refuse, triggerTasks: refuse });
    const runs = await startRuns({
      async *watchRun() {
        yield { events: [{ seq: 1n }] };
        throw refusal;
      },
    });
    const deployments = await startDeployments({ createDeployment: () => Promise.reject(refusal) });
    const chunks = async function* () {
      yield {};
    };
    const expected = {
      code: refusal.code,
      reason: refusal.reason,
      message: refusal.message,
      violations: refusal.violations,
    };
    const client = createClient(TaskService, tasks.connect());
    expect(await failureOf(client.triggerTask({}))).toMatchObject(expected);
    expect(await failureOf(collect(client.triggerTasks().responses))).toMatchObject(expected);
    expect(
      await failureOf(createClient(DeploymentService, deployments.connect()).createDeployment(chunks())),
    ).toMatchObject(expected);
    const responses = createClient(RunService, runs.connect()).watchRun({});
    expect((await responses.next()).value?.events).toHaveLength(1);
    expect(await failureOf(responses.next())).toMatchObject(expected);
    expect([...tasks.defects, ...runs.defects, ...deployments.defects]).toEqual([]);
    expect(tasks.ends.map(({ failure }) => failure)).toEqual([refusal, refusal]);
  });

  test("anything else thrown is a defect: INTERNAL, and none of it told to the caller", async () => {
    const defect = new Error("password=hunter2");
    const server = await startTasks({ triggerTask: () => Promise.reject(defect) });
    const failure = await failureOf(createClient(TaskService, server.connect()).triggerTask({}));
    expect(failure).toMatchObject({ code: status.INTERNAL, reason: ErrorReason.INTERNAL });
    expect(failure.message).not.toContain("hunter2");
    expect(server.defects).toEqual([defect]);
  });

  test("an answer that cannot be encoded is a defect", async () => {
    const server = await startRuns({ getRun: () => Promise.resolve({ run: { attemptNumber: 1.5 } }) });
    const failure = await failureOf(createClient(RunService, server.connect()).getRun({}));
    expect(failure.reason).toBe(ErrorReason.INTERNAL);
    expect(server.defects).toHaveLength(1);
  });

  test("an answer beyond the limit is a defect", async () => {
    const server = await startRuns({
      getRun: () => Promise.resolve({ run: { payload: { data: new Uint8Array(17 * 1024 * 1024) } } }),
    });
    expect((await failureOf(createClient(RunService, server.connect()).getRun({}))).reason).toBe(ErrorReason.INTERNAL);
    expect(server.defects).toHaveLength(1);
  });

  test("an answer that the client finds too large is FIELD_INVALID", async () => {
    const server = await startRuns({
      getRun: () => Promise.resolve({ run: { payload: { data: new Uint8Array(2_000) } } }),
    });
    const channel = server.connect({ maxMessageBytes: 1_000 });
    expect(await failureOf(createClient(RunService, channel).getRun({}))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: ErrorReason.FIELD_INVALID,
    });
  });

  test("malformed bytes are FIELD_INVALID, in unary calls and in streams", async () => {
    const server = await startTasks({});
    const raw = new GrpcClient(server.address, credentials.createInsecure());
    cleanups.push(() => raw.close());
    const pass = (bytes: Buffer): Buffer => bytes;
    const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f, 0x01]);
    const unary = new Promise<Buffer | undefined>((resolve, reject) => {
      raw.makeUnaryRequest("/windlass.v1.TaskService/TriggerTask", pass, pass, garbage, (error, bytes) =>
        error === null ? resolve(bytes) : reject(callFailureFromServiceError(error)),
      );
    });
    const bidi = new Promise<void>((resolve, reject) => {
      const stream = raw.makeBidiStreamRequest("/windlass.v1.TaskService/TriggerTasks", pass, pass);
      stream.on("error", (error) => reject(callFailureFromServiceError(error)));
      stream.on("end", () => resolve());
      stream.resume();
      stream.write(garbage);
    });
    for (const call of [unary, bidi]) {
      const failure = await failureOf(call);
      expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: ErrorReason.FIELD_INVALID });
      expect(failure.message).toMatch(/not a valid windlass\.v1\.TriggerTasks?Request/);
    }
    expect(server.defects).toEqual([]);
  });

  test("an answer that is malformed is INTERNAL at the client, and ends the call", async () => {
    // The same path answered by a server that thinks of another message: `run` (field 1) is a number there.
    const server = await startRuns({
      async *awaitRuns(_, { signal }) {
        yield { results: [{ runId: "run_1" }] };
        await aborted(signal);
      },
    });
    const raw = createChannel(server.address);
    cleanups.push(() => raw.close());
    const { awaitRuns } = RunService.method;
    const misread = {
      ...RunService,
      methods: [{ ...awaitRuns, output: RunService.method.listRuns.input, parent: RunService }],
    };
    const client = createClient(misread as unknown as typeof RunService, raw);
    expect((await failureOf(client.awaitRuns().responses.next())).reason).toBe(ErrorReason.INTERNAL);
    await server.runningCalls.whenIdle();
  });

  test("no server is UNAVAILABLE, NOT_READY", async () => {
    const channel = createChannel("127.0.0.1:1");
    cleanups.push(() => channel.close());
    const client = createClient(TaskService, channel);
    const unavailable = { code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY };
    expect(await failureOf(client.triggerTask({}))).toMatchObject(unavailable);
    const call = client.triggerTasks();
    expect(await failureOf(call.responses.opened)).toMatchObject(unavailable);
    expect(await failureOf(call.responses.next())).toMatchObject(unavailable);
    expect(await failureOf(call.drained())).toMatchObject(unavailable);
    expect(call.send({})).toBe(false);
  });

  test("a closed channel fails calls at once", async () => {
    const channel = createChannel("127.0.0.1:1");
    channel.close();
    channel.close();
    const client = createClient(TaskService, channel);
    expect((await failureOf(client.triggerTask({}))).reason).toBe(ErrorReason.CALL_ENDED);
    expect(() => client.triggerTasks()).toThrow("closed");
    expect((await failureOf(channel.waitForReady())).reason).toBe(ErrorReason.CALL_ENDED);
  });
});

describe("what a client refuses to send", () => {
  test("half a surrogate pair, anywhere in the message, by its path", async () => {
    const server = await startTasks({});
    const client = createClient(TaskService, server.connect());
    const half = "x\ud800y";
    expect((await failureOf(client.triggerTask({ trigger: { taskId: half } }))).violations[0]?.field).toBe(
      "trigger.task_id",
    );
    expect((await failureOf(client.triggerTask({ trigger: { tags: ["ok", "\udc00"] } }))).violations[0]?.field).toBe(
      "trigger.tags[1]",
    );
    const call = client.triggerTasks();
    expect(() => call.send({ triggers: [{}, { traceparent: half }] })).toThrow("triggers[1].traceparent");
    call.cancel();
    const { run } = await client.triggerTask({ trigger: { taskId: "whole 🙂 and \ufffd" } });
    expect(run?.runId).toBe("whole 🙂 and \ufffd");
  });

  test("unless its channel replaces it", async () => {
    const server = await startTasks({});
    const client = createClient(TaskService, server.connect({ malformedText: "replace" }));
    expect((await client.triggerTask({ trigger: { taskId: "x\ud800" } })).run?.runId).toBe("x\ufffd");
  });

  test("a message beyond the limit, or with a value that its field cannot hold", async () => {
    const server = await startTasks({});
    const client = createClient(TaskService, server.connect());
    const tooLarge = await failureOf(
      client.triggerTask({ trigger: { payload: { data: new Uint8Array(17 * 1024 * 1024) } } }),
    );
    expect(tooLarge).toMatchObject({ code: status.INVALID_ARGUMENT, reason: ErrorReason.FIELD_INVALID });
    expect(tooLarge.message).toMatch(/17825\d{3} bytes .* limit is 16777216/);
    const fraction = await failureOf(client.triggerTask({ trigger: { maxAttempts: 0.5 } }));
    expect(fraction.reason).toBe(ErrorReason.FIELD_INVALID);
  });
});

describe("ends that are not the handler's own", () => {
  /** A service whose handlers wait until their call ends, and note that they were interrupted and cleaned up. */
  async function startWaiting() {
    const reasons: unknown[] = [];
    const begun = Promise.withResolvers<void>();
    const cleaned = Promise.withResolvers<void>();
    const server = await startRuns({
      getRun: async (_, { signal }) => {
        begun.resolve();
        await aborted(signal);
        reasons.push(signal.reason);
        cleaned.resolve();
        throw signal.reason;
      },
      async *watchRun(_, { signal }) {
        const events = createPushStream<bigint>(10, signal);
        events.push(1n);
        begun.resolve();
        try {
          for await (const seq of events) yield { events: [{ seq }] };
        } finally {
          reasons.push(signal.reason);
          cleaned.resolve();
        }
      },
      async *awaitRuns(requests, { signal }) {
        begun.resolve();
        try {
          for await (const { runIds } of requests) yield { results: runIds.map((runId) => ({ runId })) };
        } finally {
          reasons.push(signal.reason);
          cleaned.resolve();
        }
      },
    });
    return {
      server,
      reasons,
      begun: begun.promise,
      cleaned: cleaned.promise,
      client: createClient(RunService, server.connect()),
    };
  }

  const endedCall = expect.objectContaining({ reason: ErrorReason.CALL_ENDED });

  test("the caller aborts a unary call", async () => {
    const { client, begun, cleaned, reasons, server } = await startWaiting();
    const controller = new AbortController();
    const call = failureOf(client.getRun({}, { signal: controller.signal }));
    await begun;
    controller.abort(new Error("changed my mind"));
    expect(await call).toMatchObject({
      code: status.CANCELLED,
      reason: ErrorReason.CALL_ENDED,
      cause: new Error("changed my mind"),
    });
    await cleaned;
    expect(reasons).toEqual([endedCall]);
    await server.runningCalls.whenIdle();
    expect(server.defects).toEqual([]);
  });

  test("the caller had aborted before", async () => {
    const { client } = await startWaiting();
    const failure = await failureOf(client.getRun({}, { signal: AbortSignal.abort() }));
    expect(failure).toMatchObject({ code: status.CANCELLED, reason: ErrorReason.CALL_ENDED });
  });

  test("the caller leaves the loop over a stream", async () => {
    const { client, cleaned, reasons, server } = await startWaiting();
    for await (const { events } of client.watchRun({})) {
      expect(events[0]?.seq).toBe(1n);
      break;
    }
    await cleaned;
    expect(reasons).toEqual([endedCall]);
    await server.runningCalls.whenIdle();
  });

  test("the caller aborts or cancels a bidi stream", async () => {
    for (const end of ["abort", "cancel"] as const) {
      const { client, cleaned, reasons, server } = await startWaiting();
      const controller = new AbortController();
      const call = client.awaitRuns({ signal: controller.signal });
      call.send({ runIds: ["run_1"] });
      expect((await call.responses.next()).value?.results[0]?.runId).toBe("run_1");
      if (end === "abort") controller.abort();
      else call.cancel();
      expect((await failureOf(call.responses.next())).reason).toBe(ErrorReason.CALL_ENDED);
      await cleaned;
      expect(reasons).toEqual([endedCall]);
      await server.runningCalls.whenIdle();
      expect(server.defects).toEqual([]);
    }
  });

  test("the deadline passes, of a call and of a stream", async () => {
    for (const kind of ["unary", "stream"] as const) {
      const { client, cleaned, reasons, server } = await startWaiting();
      const ending =
        kind === "unary" ? client.getRun({}, { timeoutMs: 50 }) : collect(client.watchRun({}, { timeoutMs: 50 }));
      expect(await failureOf(ending)).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: ErrorReason.CALL_ENDED });
      await cleaned;
      expect(reasons).toEqual([endedCall]);
      await server.runningCalls.whenIdle();
    }
  });

  test("the server stops, with calls of every kind open", async () => {
    const stopping = new CallFailure({
      code: status.UNAVAILABLE,
      reason: ErrorReason.NOT_READY,
      message: "Going away.",
    });
    for (const kind of ["getRun", "watchRun", "awaitRuns"] as const) {
      const { client, begun, cleaned, reasons, server } = await startWaiting();
      const ending: Promise<unknown> = {
        getRun: () => client.getRun({}),
        watchRun: () => collect(client.watchRun({})),
        awaitRuns: () => collect(client.awaitRuns().responses),
      }[kind]();
      const failing = failureOf(ending);
      await begun;
      server.runningCalls.abort(stopping);
      expect(await failing).toMatchObject({
        code: status.UNAVAILABLE,
        reason: ErrorReason.NOT_READY,
        message: "Going away.",
      });
      await cleaned;
      expect(reasons).toEqual([stopping]);
      await server.runningCalls.whenIdle();
    }
  });

  test("a caller gets its answer although the handler ignores its signal", async () => {
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const server = await startTasks({
      resetIdempotencyKey: () => Promise.reject(new Error("not asked for")),
      triggerTask: async () => {
        begun.resolve();
        await release.promise;
        return {};
      },
    });
    const call = failureOf(createClient(TaskService, server.connect()).triggerTask({}));
    await begun.promise;
    server.runningCalls.abort(fieldInvalid());
    expect((await call).reason).toBe(ErrorReason.FIELD_INVALID);
    expect(server.runningCalls.size).toBe(1);
    release.resolve();
    await server.runningCalls.whenIdle();
    expect(server.defects).toEqual([]);
  });

  test("what a handler's clean-up throws after that is still reported", async () => {
    const begun = Promise.withResolvers<void>();
    const server = await startRuns({
      async *watchRun(_, { signal }) {
        const events = createPushStream<never>(1, signal);
        begun.resolve();
        try {
          yield* events;
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- the mistake that this test is about
          throw new TypeError("clean-up failed");
        }
      },
    });
    const controller = new AbortController();
    const call = failureOf(
      collect(createClient(RunService, server.connect()).watchRun({}, { signal: controller.signal })),
    );
    await begun.promise;
    controller.abort();
    await call;
    await server.runningCalls.whenIdle();
    expect(server.defects).toEqual([new TypeError("clean-up failed")]);
  });

  test("draining ends the requests: what was asked is answered, then the caller is told to come back", async () => {
    const { client, server } = await startWaiting();
    const call = client.awaitRuns();
    call.send({ runIds: ["run_1"] });
    expect((await call.responses.next()).value?.results[0]?.runId).toBe("run_1");
    server.runningCalls.endRequests();
    server.runningCalls.endRequests();
    expect(await failureOf(call.responses.next())).toMatchObject({
      code: status.UNAVAILABLE,
      reason: ErrorReason.NOT_READY,
    });
    await server.runningCalls.whenIdle();
  });

  test("a stream that its caller has ended is not disturbed by draining", async () => {
    const release = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const server = await startTasks({
      async *triggerTasks(requests) {
        await collect(requests);
        ended.resolve();
        await release.promise;
        yield { correlationId: 1n };
      },
    });
    const call = createClient(TaskService, server.connect()).triggerTasks();
    call.end();
    await ended.promise;
    server.runningCalls.endRequests();
    release.resolve();
    expect(await collect(call.responses)).toHaveLength(1);
  });
});

describe("a client-streaming call that ends early", () => {
  test("by the server's answer: the source is left", async () => {
    const left = Promise.withResolvers<void>();
    const server = await startDeployments({ createDeployment: () => Promise.resolve({ deployment: { id: "dep_1" } }) });
    const endless = async function* () {
      try {
        for (;;) {
          yield { part: { case: "chunk" as const, value: new Uint8Array(100_000) } };
          await new Promise((resolve) => void setImmediate(resolve));
        }
      } finally {
        left.resolve();
      }
    };
    const { deployment } = await createClient(DeploymentService, server.connect()).createDeployment(endless());
    expect(deployment?.id).toBe("dep_1");
    await left.promise;
  });

  test("by what the source throws: that is the answer, and the server hears of it", async () => {
    const received = Promise.withResolvers<void>();
    const server = await startDeployments({
      async createDeployment(requests) {
        for await (const _ of requests) received.resolve();
        return {};
      },
    });
    const failing = async function* () {
      yield {};
      await received.promise;
      throw new RangeError("no such file");
    };
    await expect(createClient(DeploymentService, server.connect()).createDeployment(failing())).rejects.toThrow(
      "no such file",
    );
    await server.runningCalls.whenIdle();
    expect(server.ends.map(({ failure }) => failure?.reason)).toEqual([ErrorReason.CALL_ENDED]);
  });
});

test("a stream tells when its handler has begun, before it has anything to say", async () => {
  const subscribed: string[] = [];
  const server = await startRuns({
    async *watchRun({ runId }, { signal }) {
      const events = createPushStream<never>(1, signal);
      subscribed.push(runId);
      yield* events;
    },
  });
  const responses = createClient(RunService, server.connect()).watchRun({ runId: "run_1" });
  await responses.opened;
  expect(subscribed).toEqual(["run_1"]);
  await responses.return?.();
});

test("a channel can be waited for until it is ready, or nobody wants it any more", async () => {
  const server = await startTasks({});
  const channel = server.connect();
  await channel.waitForReady(AbortSignal.timeout(5_000));
  const nowhere = createChannel("127.0.0.1:1");
  cleanups.push(() => nowhere.close());
  const controller = new AbortController();
  const waiting = failureOf(nowhere.waitForReady(controller.signal));
  controller.abort();
  expect((await waiting).reason).toBe(ErrorReason.CALL_ENDED);
});

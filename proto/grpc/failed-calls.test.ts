import { Client as GrpcClient, credentials, status } from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { DeploymentService, ErrorReason, RunService, TaskService } from "../index.ts";
import { collect, failureOf } from "../test/failure-of.ts";
import { aborted, startDeployments, startRuns, startTasks } from "../test/start-services.ts";
import { CallFailure, callFailureFromServiceError, createChannel, createClient } from "../grpc.ts";

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
    onTestFinished(() => raw.close());
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
    onTestFinished(() => raw.close());
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
    onTestFinished(() => channel.close());
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

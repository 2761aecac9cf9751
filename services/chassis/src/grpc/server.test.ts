import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as GrpcClient, credentials, Metadata, status } from "@grpc/grpc-js";
import {
  ErrorReason,
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
  RunService,
  TaskService,
} from "@windlass/proto";
import { callFailureFromServiceError, createChannel, createClient, hasStatusDetails } from "@windlass/proto/grpc";
import { afterEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import {
  type GrpcServerSetUp,
  internalToken,
  startGrpcServer,
  type StartedGrpcServer,
} from "../../test/grpc-server.ts";
import { type Principal } from "./principal.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function started(setUp?: GrpcServerSetUp): Promise<StartedGrpcServer> {
  const running = await startGrpcServer(setUp);
  cleanups.push(() => running.stop());
  return running;
}

const pass = (bytes: Buffer): Buffer => bytes;

/** A client that knows nothing of ours. */
function rawClient(address: string): GrpcClient {
  const client = new GrpcClient(address, credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  cleanups.push(() => client.close());
  return client;
}

function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** What a raw unary call fails with, and whether the server itself gave it a type. */
function rawFailure(client: GrpcClient, path: string, body: Buffer, metadata = bearer(internalToken)) {
  return new Promise<{ failure: ReturnType<typeof callFailureFromServiceError>; isTyped: boolean }>(
    (resolve, reject) => {
      client.makeUnaryRequest(path, pass, pass, body, metadata, (error) => {
        if (error === null) reject(new Error("it did not fail"));
        else resolve({ failure: callFailureFromServiceError(error), isTyped: hasStatusDetails(error.metadata) });
      });
    },
  );
}

const triggerPath = "/windlass.v1.TaskService/TriggerTask";

describe("addresses", () => {
  test("port 0 takes a free one, and the log tells which", async () => {
    const { server, logs } = await started();
    expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(logs.lines).toContainEqual(expect.objectContaining({ msg: "listening", address: server.address }));
  });

  test("a unix socket", async () => {
    const directory = await mkdtemp(join(tmpdir(), "windlass-"));
    cleanups.push(() => rm(directory, { recursive: true }));
    const { connect } = await started({ address: `unix:${join(directory, "s")}` });
    expect((await connect().triggerTask({ trigger: { taskId: "a" } })).run?.runId).toBe("a");
  });

  test("one that is taken is named", async () => {
    const { server } = await started();
    await expect(startGrpcServer({ address: server.address })).rejects.toThrow(`Cannot listen on ${server.address}`);
  });
});

describe("credentials", () => {
  test("the handler is told who calls", async () => {
    const principals: Principal[] = [];
    const { connect } = await started({
      authenticate: (token) => Promise.resolve({ kind: "environment", environmentId: `env_${token}` }),
      implementation: {
        triggerTask: (_, { principal }) => {
          principals.push(principal);
          return Promise.resolve({});
        },
      },
    });
    await connect("a").triggerTask({});
    await connect("b").triggerTask({});
    expect(principals).toEqual([
      { kind: "environment", environmentId: "env_a" },
      { kind: "environment", environmentId: "env_b" },
    ]);
  });

  test.each([
    ["none", undefined],
    ["a wrong one", "Bearer nope"],
    ["the right one in another scheme", `Basic ${internalToken}`],
    ["the right one and more", `Bearer ${internalToken}x`],
    ["two words", `Bearer ${internalToken} ${internalToken}`],
  ])("%s: refused, in unary calls and in streams, before the handler", async (_, header) => {
    let calls = 0;
    const called = (): never => {
      calls += 1;
      throw new Error("it was called");
    };
    const { server } = await started({ implementation: { triggerTask: called, triggerTasks: called } });
    const channel = createChannel(server.address);
    cleanups.push(() => channel.close());
    const client = createClient(TaskService, channel);
    const metadata = new Metadata();
    if (header !== undefined) metadata.set("authorization", header);
    const refused = { code: status.UNAUTHENTICATED, reason: ErrorReason.API_KEY_INVALID };
    expect(await failureOf(client.triggerTask({}, { metadata }))).toMatchObject(refused);
    expect(await failureOf(client.triggerTasks({ metadata }).responses.next())).toMatchObject(refused);
    expect(calls).toBe(0);
  });

  test("of a call that is refused no message is read", async () => {
    const { server } = await started();
    const { failure } = await rawFailure(
      rawClient(server.address),
      triggerPath,
      Buffer.alloc(20 * 1024 * 1024),
      new Metadata(),
    );
    expect(failure.reason).toBe(ErrorReason.API_KEY_INVALID);
  });

  test("a defect while recognising the caller is INTERNAL and logged", async () => {
    const { connect, logs } = await started({ authenticate: () => Promise.reject(new TypeError("no table")) });
    expect(await failureOf(connect().triggerTask({}))).toMatchObject({ reason: ErrorReason.INTERNAL });
    expect(logs.lines).toContainEqual(
      expect.objectContaining({ level: "error", method: "windlass.v1.TaskService/TriggerTask" }),
    );
  });

  test("a caller that hangs up while it is being recognised is not served", async () => {
    const recognising = Promise.withResolvers<void>();
    const recognised = Promise.withResolvers<Principal>();
    let calls = 0;
    const { connect, server } = await started({
      authenticate: () => {
        recognising.resolve();
        return recognised.promise;
      },
      implementation: {
        triggerTask: () => {
          calls += 1;
          return Promise.resolve({});
        },
      },
    });
    const controller = new AbortController();
    const client = connect();
    const call = failureOf(client.triggerTask({}, { signal: controller.signal }));
    await recognising.promise;
    controller.abort();
    await call;
    // The server has seen the reset once it answers what came after it on the same connection.
    await createClient(Health, client.channel).check({});
    recognised.resolve({ kind: "internal" });
    await server.stop();
    expect(calls).toBe(0);
  });
});

describe("every failure has a type", () => {
  test("malformed protobuf", async () => {
    const { server, logs } = await started();
    const { failure, isTyped } = await rawFailure(rawClient(server.address), triggerPath, Buffer.from([0x0a, 0xff]));
    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: ErrorReason.FIELD_INVALID });
    expect(isTyped).toBe(true);
    expect(logs.messages()).not.toContain("call failed by a defect");
  });

  test("a message beyond the limit", async () => {
    const { server } = await started({ maxMessageBytes: 10_000 });
    const { failure, isTyped } = await rawFailure(rawClient(server.address), triggerPath, Buffer.alloc(10_001));
    expect(failure).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: ErrorReason.FIELD_INVALID });
    expect(failure.message).toContain("10001 vs 10000");
    expect(isTyped).toBe(true);
  });

  test("a deadline that has passed", async () => {
    const { connect } = await started({
      implementation: {
        triggerTask: async (_, { signal }) => {
          await once(signal, "abort");
          return {};
        },
      },
    });
    expect(await failureOf(connect().triggerTask({}, { timeoutMs: 50 }))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      reason: ErrorReason.CALL_ENDED,
    });
  });

  test("a thrown error, which is logged with its method", async () => {
    const { connect, logs } = await started({ implementation: { triggerTask: () => Promise.reject(new Error("oh")) } });
    expect(await failureOf(connect().triggerTask({}))).toMatchObject({
      code: status.INTERNAL,
      reason: ErrorReason.INTERNAL,
    });
    const line = logs.lines.find(({ level }) => level === "error");
    expect(line).toMatchObject({ msg: "call failed by a defect", method: "windlass.v1.TaskService/TriggerTask" });
    expect(JSON.stringify(line)).toContain("oh");
  });

  test("a method or service that the server does not have", async () => {
    const { connect } = await started();
    const failure = await failureOf(createClient(RunService, connect().channel).getRun({}));
    expect(failure).toMatchObject({ code: status.UNIMPLEMENTED, reason: ErrorReason.METHOD_UNKNOWN });
  });
});

test("a message cut in the middle is never handled, and the server goes on", async () => {
  let calls = 0;
  const { server, connect } = await started({
    implementation: {
      triggerTask: () => {
        calls += 1;
        return Promise.resolve({ run: { runId: "a" } });
      },
    },
  });
  const session = connectHttp2(`http://${server.address}`);
  const headers = {
    ":method": "POST",
    ":path": triggerPath,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${internalToken}`,
  };
  // Announces 100 bytes and sends 3, then ends; then the same and breaks.
  const cut = Buffer.from([0, 0, 0, 0, 100, 1, 2, 3]);
  const ended = session.request(headers);
  const answer = await new Promise<unknown>((resolve, reject) => {
    ended.on("response", (response) => resolve(response["grpc-status"])).on("error", reject);
    ended.end(cut);
  });
  expect(answer).not.toBe("0");
  const broken = session.request(headers);
  await new Promise((resolve) => broken.write(cut, resolve));
  await new Promise<void>((resolve) => {
    session.on("close", resolve);
    session.destroy();
  });
  expect((await connect().triggerTask({})).run?.runId).toBe("a");
  expect(calls).toBe(1);
});

describe("health", () => {
  test("is told to anybody: the server, each service, and no others", async () => {
    const { server, connect } = await started();
    const health = createClient(Health, connect("wrong").channel);
    expect((await health.check({})).status).toBe(ServingStatus.SERVING);
    expect((await health.check({ service: "windlass.v1.TaskService" })).status).toBe(ServingStatus.SERVING);
    expect(await failureOf(health.check({ service: "windlass.v1.Nothing" }))).toMatchObject({ code: status.NOT_FOUND });
    server.answerHealthOf("windlass.v1.Nothing");
    expect((await health.check({ service: "windlass.v1.Nothing" })).status).toBe(ServingStatus.SERVING);
    server.setServing(false);
    expect((await health.check({})).status).toBe(ServingStatus.NOT_SERVING);
  });

  test("can be watched through all changes", async () => {
    const { server, connect } = await started();
    const statuses = createClient(Health, connect("wrong").channel).watch({});
    const next = async (): Promise<ServingStatus | undefined> => (await statuses.next()).value?.status;
    expect(await next()).toBe(ServingStatus.SERVING);
    server.setServing(false);
    server.setServing(false);
    expect(await next()).toBe(ServingStatus.NOT_SERVING);
    server.setServing(true);
    expect(await next()).toBe(ServingStatus.SERVING);
    const draining = server.drain(AbortSignal.timeout(5_000));
    expect(await next()).toBe(ServingStatus.NOT_SERVING);
    expect(await failureOf(statuses.next())).toMatchObject({ reason: ErrorReason.NOT_READY });
    await draining;
  });
});

describe("reflection", () => {
  /** Asks one question of grpc.reflection.v1; gives the answer's bytes. */
  function ask(client: GrpcClient, question: Buffer, metadata: Metadata): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
      const stream = client.makeBidiStreamRequest(path, pass, pass, metadata);
      stream.on("data", (answer: Buffer) => {
        resolve(answer);
        stream.end();
      });
      stream.on("error", (error) => reject(callFailureFromServiceError(error)));
      stream.write(question);
    });
  }
  const text = (field: number, value: string): Buffer =>
    Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)]);

  test("lists services and describes their messages to those with a credential", async () => {
    const { server } = await started();
    const client = rawClient(server.address);
    const list = (await ask(client, text(7, "*"), bearer(internalToken))).toString();
    expect(list).toContain("windlass.v1.TaskService");
    expect(list).toContain("grpc.health.v1.Health");
    const file = (await ask(client, text(4, "windlass.v1.TaskService"), bearer(internalToken))).toString();
    expect(file).toContain("windlass/v1/task_service.proto");
    expect(file).toContain("windlass/v1/call_error.proto");
    expect(file).toContain("TriggerTasksRequest");
  });

  test("and to nobody else", async () => {
    const { server } = await started();
    const failure = await failureOf(ask(rawClient(server.address), text(7, "*"), new Metadata()));
    expect(failure).toMatchObject({ reason: ErrorReason.API_KEY_INVALID });
  });
});

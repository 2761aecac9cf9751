import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import { describe, expect, onTestFinished, test } from "vitest";
import { DeploymentService, ErrorReason, RunService, TaskService } from "../index.ts";
import { collect, failureOf } from "../test/failure-of.ts";
import { startDeployments, startRuns, startTasks } from "../test/start-services.ts";
import { type CallContext, createChannel, createClient, createPushStream } from "../grpc.ts";

describe.each(["tcp", "unix socket"])("each kind of call, over %s", (transport) => {
  const address = async (): Promise<string | undefined> => {
    if (transport === "tcp") return undefined;
    const directory = await mkdtemp(join(tmpdir(), "windlass-"));
    onTestFinished(() => rm(directory, { recursive: true }));
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
    const server = await startRuns(
      {
        async *watchRun({ afterSeq }) {
          for (let seq = afterSeq + 1n; seq <= 300n; seq += 1n) yield { events: [{ seq }] };
        },
      },
      await address(),
    );
    const events = await collect(createClient(RunService, server.connect()).watchRun({ runId: "r", afterSeq: 7n }));
    expect(events).toHaveLength(293);
    expect(events[0]?.events[0]?.seq).toBe(8n);
  });

  test("client streaming", async () => {
    const server = await startDeployments(
      {
        async createDeployment(requests) {
          let bytes = 0;
          for await (const { part } of requests) if (part.case === "chunk") bytes += part.value.length;
          return { deployment: { id: String(bytes) } };
        },
      },
      await address(),
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
  await channel.waitForReady(AbortSignal.timeout(30_000));
  const nowhere = createChannel("127.0.0.1:1");
  onTestFinished(() => nowhere.close());
  const controller = new AbortController();
  const waiting = failureOf(nowhere.waitForReady(controller.signal));
  controller.abort();
  expect((await waiting).reason).toBe(ErrorReason.CALL_ENDED);
});

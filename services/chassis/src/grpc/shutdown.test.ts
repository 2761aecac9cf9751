import { status } from "@grpc/grpc-js";
import { ErrorReason, Health, HealthCheckResponse_ServingStatus as ServingStatus, TaskService } from "@windlass/proto";
import { createClient, createPushStream, type ServiceImplementation } from "@windlass/proto/grpc";
import { afterEach, expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { collectLogs } from "../../test/collected-logs.ts";
import { internalToken, startGrpcServer, type StartedGrpcServer } from "../../test/grpc-server.ts";
import { startTelemetry } from "../telemetry/telemetry.ts";
import { internalAuthenticator } from "./principal.ts";
import { createGrpcServer } from "./server.ts";
import type { ServiceCall } from "./service-call.ts";

const running: StartedGrpcServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

type Tasks = ServiceImplementation<typeof TaskService, ServiceCall>;

async function started(implementation: Partial<Tasks>): Promise<StartedGrpcServer> {
  const server = await startGrpcServer({ implementation });
  running.push(server);
  return server;
}

const notReady = { code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY };

test("draining refuses new calls and waits for those that run", async () => {
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { server, connect } = await started({
    triggerTask: async () => {
      begun.resolve();
      await release.promise;
      return { run: { runId: "late" } };
    },
  });
  const client = connect();
  const call = client.triggerTask({});
  await begun.promise;
  const draining = server.drain(AbortSignal.timeout(10_000));
  const refused = createClient(TaskService, client.channel);
  expect(await failureOf(refused.triggerTask({}))).toMatchObject(notReady);
  expect(await failureOf(refused.triggerTasks().responses.next())).toMatchObject(notReady);
  expect((await createClient(Health, client.channel).check({})).status).toBe(ServingStatus.NOT_SERVING);
  release.resolve();
  expect((await call).run?.runId).toBe("late");
  await draining;
});

test("draining lets a stream answer what it was asked, then ends it", async () => {
  const release = Promise.withResolvers<void>();
  const received = Promise.withResolvers<void>();
  const { server, connect } = await started({
    async *triggerTasks(requests) {
      for await (const { correlationId } of requests) {
        received.resolve();
        await release.promise;
        yield { correlationId };
      }
    },
  });
  const call = connect().triggerTasks();
  call.send({ correlationId: 7n });
  await received.promise;
  const draining = server.drain(AbortSignal.timeout(10_000));
  release.resolve();
  expect((await call.responses.next()).value?.correlationId).toBe(7n);
  expect(await failureOf(call.responses.next())).toMatchObject(notReady);
  await draining;
});

test("draining ends a stream that does not end by itself, long before the limit", async () => {
  const { server, connect } = await started({
    async *triggerTasks(_, { signal }) {
      yield* createPushStream<never>(1, signal);
    },
  });
  const call = connect().triggerTasks();
  await call.responses.opened;
  await server.drain(AbortSignal.timeout(15_000));
  expect(await failureOf(call.responses.next())).toMatchObject(notReady);
});

test("when the limit of draining passes, what still runs is ended by its signal", async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const { server, connect } = await started({
    triggerTask: (_, { signal }) => {
      begun.resolve(signal);
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  });
  const call = failureOf(connect().triggerTask({}));
  const signal = await begun.promise;
  const limit = new AbortController();
  const draining = server.drain(limit.signal);
  expect(signal.aborted).toBe(false);
  limit.abort();
  await draining;
  expect(signal.reason).toMatchObject(notReady);
  // The client repeats what is UNAVAILABLE, and is refused.
  expect(await call).toMatchObject(notReady);
});

test("stop ends open streams, runs their clean-up, and closes the port", async () => {
  const cleaned = Promise.withResolvers<void>();
  const { server, connect, logs } = await started({
    async *triggerTasks(requests) {
      try {
        for await (const { correlationId } of requests) yield { correlationId };
      } finally {
        cleaned.resolve();
      }
    },
  });
  const client = connect();
  const call = client.triggerTasks();
  call.send({ correlationId: 1n });
  await call.responses.next();
  await Promise.all([server.stop(), server.stop()]);
  await cleaned.promise;
  expect(await failureOf(call.responses.next())).toMatchObject(notReady);
  expect(await failureOf(client.triggerTask({}, { timeoutMs: 2_000 }))).toMatchObject({ code: status.UNAVAILABLE });
  expect(logs.lines.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
});

test("stop does not wait for ever for a handler that ignores its signal, and says so", async () => {
  const begun = Promise.withResolvers<void>();
  const { server, connect, logs } = await started({
    triggerTask: () => {
      begun.resolve();
      return new Promise(() => {});
    },
  });
  const call = failureOf(connect().triggerTask({}));
  await begun.promise;
  await server.stop();
  expect(await call).toMatchObject(notReady);
  expect(logs.lines).toContainEqual(
    expect.objectContaining({ level: "warn", msg: "handlers ignore their signal", count: 1 }),
  );
});

test("stop before start is fine, and start is refused afterwards", async () => {
  const { logger } = collectLogs();
  const server = createGrpcServer({
    address: "127.0.0.1:0",
    logger,
    telemetry: startTelemetry({ service: "test", logger }),
    authenticate: internalAuthenticator(internalToken),
  });
  await server.stop();
  await expect(server.start()).rejects.toThrow("stopped");
});

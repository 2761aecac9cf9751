import { Metadata, status } from "@grpc/grpc-js";
import { ErrorReason } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { afterEach, expect, test } from "vitest";
import { failureOf } from "../../test/failure-of.ts";
import { startGrpcServer } from "../../test/grpc-server.ts";
import { startOtlpReceiver } from "../../test/otlp-receiver.ts";
import { createLogger } from "../telemetry/logger.ts";
import { startTelemetry } from "../telemetry/telemetry.ts";
import { parseTraceparent } from "../telemetry/traceparent.ts";
import { TaskService } from "@windlass/proto";
import { createServiceClient } from "./service-client.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test("a unary call has a deadline of 10 s unless it names one, and is repeated while the server is not ready", async () => {
  const deadlines: number[] = [];
  const running = await startGrpcServer({
    implementation: {
      triggerTask: (_, { deadline }) => {
        deadlines.push(Number(deadline) - Date.now());
        if (deadlines.length > 1) return Promise.resolve({ run: { runId: "a" } });
        const message = "Not yet.";
        return Promise.reject(new CallFailure({ code: status.UNAVAILABLE, reason: ErrorReason.NOT_READY, message }));
      },
    },
  });
  cleanups.push(() => running.stop());
  expect((await running.connect().triggerTask({})).run?.runId).toBe("a");
  expect(deadlines).toHaveLength(2);
  for (const leftMs of deadlines) expect(leftMs).toSatisfy((ms: number) => ms > 5_000 && ms <= 10_000);
});

test("a shared channel stays open when one of its clients is closed", async () => {
  const running = await startGrpcServer();
  cleanups.push(() => running.stop());
  const owner = running.connect();
  const guest = createServiceClient(TaskService, { channel: owner.channel });
  guest.close();
  expect((await owner.triggerTask({ trigger: { taskId: "a" } })).run?.runId).toBe("a");
  owner.close();
  owner.close();
  expect(await failureOf(owner.triggerTask({}))).toMatchObject({ reason: ErrorReason.CALL_ENDED });
});

test("calls are traced on both sides, under the caller's span, and the handler hands on its own", async () => {
  const receiver = await startOtlpReceiver();
  cleanups.push(() => receiver.stop());
  const logger = createLogger({ service: "test", level: "error", write: () => {} });
  const telemetry = startTelemetry({ service: "test", endpoint: receiver.endpoint, logger });
  await telemetry.start();
  cleanups.push(() => telemetry.stop());
  const traceparents: string[] = [];
  const running = await startGrpcServer({
    telemetry,
    implementation: {
      triggerTask: ({ trigger }, { traceparent }) => {
        traceparents.push(traceparent);
        return trigger === undefined ? Promise.reject(new Error("oh")) : Promise.resolve({});
      },
    },
  });
  cleanups.push(() => running.stop());
  const metadata = new Metadata();
  metadata.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const client = running.connect();
  await client.triggerTask({ trigger: {} }, { metadata });
  await failureOf(client.triggerTask({}, { metadata }));
  await telemetry.stop();

  const name = "windlass.v1.TaskService/TriggerTask";
  const clientSpans = receiver.spans.filter(({ kind }) => kind === 3);
  const serverSpans = receiver.spans.filter(({ kind }) => kind === 2);
  for (const [index, statusCode] of [0, 2].entries()) {
    const clientSpan = clientSpans[index];
    expect(clientSpan).toMatchObject({ name, parentSpanId: "b7ad6b7169203331", statusCode });
    const serverSpan = serverSpans.find(({ parentSpanId }) => parentSpanId === clientSpan?.spanId);
    expect(serverSpan).toMatchObject({ name, traceId: "0af7651916cd43dd8448eb211c80319c", statusCode });
    expect(parseTraceparent(traceparents[index] ?? "")).toMatchObject({ spanId: serverSpan?.spanId });
  }
  expect(receiver.metricNames).toContain("rpc.server.duration");
});

test("without telemetry the caller's traceparent still reaches the handler", async () => {
  const traceparents: string[] = [];
  const running = await startGrpcServer({
    implementation: {
      triggerTask: (_, { traceparent }) => {
        traceparents.push(traceparent);
        return Promise.resolve({});
      },
    },
  });
  cleanups.push(() => running.stop());
  const metadata = new Metadata();
  metadata.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  await running.connect().triggerTask({}, { metadata });
  await running.connect().triggerTask({});
  expect(traceparents).toEqual(["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""]);
});

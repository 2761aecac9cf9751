import { context, trace, type TracerProvider } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { close, configure, task, tasks, WindlassError } from "../index.ts";
import { activeAttempt } from "../task/active-attempt.ts";
import { fakeAttempt } from "../testing/fake-attempt.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

const noPayload = task({ id: "no-payload", run: async () => {} });

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  await close();
  cluster.kill();
});

describe("tracing", () => {
  it("passes on the traceparent of the attempt that triggers", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    activeAttempt.current = fakeAttempt({ traceparent });
    await noPayload.trigger();
    activeAttempt.current = undefined;
    await noPayload.trigger();
    expect(cluster.triggerMessages.flat().map((trigger) => trigger.traceparent)).toEqual([traceparent, ""]);
  });

  afterEach(() => {
    trace.disable();
    context.disable();
  });

  it("makes a span around a trigger and sends its traceparent along", async () => {
    const spanContext = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };
    const spans: { name: string; ended: boolean; failed: boolean }[] = [];
    const startSpan = (name: string): object => {
      const span = { name, ended: false, failed: false };
      spans.push(span);
      return {
        spanContext: () => spanContext,
        setStatus: () => (span.failed = true),
        end: () => (span.ended = true),
      };
    };
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as unknown as TracerProvider);
    await noPayload.trigger();
    await expect(tasks.trigger("refused", {})).rejects.toBeInstanceOf(WindlassError);
    expect(cluster.triggerMessages[0]![0]!.traceparent).toBe(`00-${spanContext.traceId}-${spanContext.spanId}-01`);
    expect(spans).toEqual([
      { name: "trigger no-payload", ended: true, failed: false },
      { name: "trigger refused", ended: true, failed: true },
    ]);
  });
});

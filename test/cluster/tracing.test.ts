import { createLogger, startTelemetry } from "@windlass/chassis";
import { configure, runs, tasks } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type OtlpReceiver,
  type ReceivedSpan,
  type TestCluster,
  startCluster,
  startOtlpReceiver,
} from "../kit/index.ts";

let receiver: OtlpReceiver;
let cluster: TestCluster;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  cluster = await startCluster({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint } });
  configure({ url: cluster.url, apiKey: cluster.apiKey });
  await deploy(fileURLToPath(new URL("tracing-tasks", import.meta.url)));
});

afterAll(async () => {
  await cluster.end();
  await receiver.stop();
});

/** Services from a span up to the root of its trace, each named once in a row. */
function servicesUpwards(span: ReceivedSpan, trace: readonly ReceivedSpan[]): string[] {
  const byId = new Map(trace.map((each) => [each.spanId, each]));
  const services: string[] = [];
  for (let at: ReceivedSpan | undefined = span; at; at = byId.get(at.parentSpanId)) {
    if (services.at(-1) !== at.service) services.push(at.service);
  }
  return services;
}

test("one trace shows a run from the client's trigger to every hook of every attempt", async () => {
  const logger = createLogger({ service: "client", level: "error" });
  const telemetry = startTelemetry({ service: "client", endpoint: receiver.endpoint, logger });
  await telemetry.start();
  const run = await runs.poll(await tasks.trigger("traced", {}));
  expect(run.status).toBe("COMPLETED");
  await telemetry.stop(); // sends what it has

  const traceId = (spans: readonly ReceivedSpan[]) => spans.find(({ service }) => service === "client")?.traceId;
  const traceOf = (spans: readonly ReceivedSpan[]) => spans.filter((span) => span.traceId === traceId(spans));
  const hookNames = (spans: readonly ReceivedSpan[], hook: string) =>
    spans.filter(({ name }) => name.split(" ").at(-1) === hook);
  const orphansOf = (spans: readonly ReceivedSpan[]) => {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    return spans.filter(({ parentSpanId }) => parentSpanId !== "" && !ids.has(parentSpanId));
  };
  // Each service sends its spans when it has time, so a child may come before its parent.
  const all = await receiver.waitForSpans("the second attempt's cleanup, and every span's parent", (spans) => {
    const trace = traceOf(spans);
    return hookNames(trace, "cleanup").length === 2 && orphansOf(trace).length === 0;
  });
  const trace = traceOf(all);

  const roots = trace.filter(({ parentSpanId }) => parentSpanId === "");
  expect(roots.map(({ service, name }) => [service, name])).toEqual([["client", "trigger traced"]]);

  for (const [hook, times] of [
    ["init", 2],
    ["onStart", 1],
    ["run", 2],
    ["onSuccess", 1],
    ["onComplete", 1],
    ["cleanup", 2],
  ] as const) {
    const spans = hookNames(trace, hook);
    expect([hook, spans.length]).toEqual([hook, times]);
    for (const span of spans)
      expect(servicesUpwards(span, trace)).toEqual(["supervisor", "queue", "run-store", "client"]);
  }
  expect(hookNames(trace, "run").filter(({ isError }) => isError)).toHaveLength(1);
});

test("services export metrics", async () => {
  await cluster.stop("scheduler"); // a stop sends what was measured since the last export
  expect(receiver.metricExports).toBeGreaterThan(0);
});

import { afterEach, expect, test, vi } from "vitest";
import { collectLogs } from "../../test/collected-logs.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../../test/otlp-receiver.ts";
import { recordSpan, startSpan } from "./spans.ts";
import { startTelemetry, type Telemetry } from "./telemetry.ts";
import { parseTraceparent } from "./traceparent.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function setUp(
  answer?: "ok" | "never",
): Promise<{ receiver: OtlpReceiver; telemetry: Telemetry } & ReturnType<typeof collectLogs>> {
  const receiver = await startOtlpReceiver(answer);
  const logs = collectLogs();
  const telemetry = startTelemetry({ service: "queue", endpoint: receiver.endpoint, logger: logs.logger });
  await telemetry.start();
  stops.push(
    () => receiver.stop(),
    () => telemetry.stop(),
  );
  return { receiver, telemetry, ...logs };
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const parentIds = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

test("spans reach the collector under the parent they were given, and hand on their own traceparent", async () => {
  const { receiver, telemetry } = await setUp();
  const open = startSpan(telemetry, { name: "claim", parent, kind: "client", attributes: { "run.id": "run_1" } });
  const inner = recordSpan(telemetry, {
    name: "attempt",
    parent: open.traceparent,
    startTime: 1_700_000_000_000.25,
    endTime: new Date(1_700_000_000_500),
  });
  open.end(new Error("no lease"));
  await telemetry.stop();
  const [attempt, claim] = receiver.spans;
  expect(claim).toMatchObject({ name: "claim", kind: 3, statusCode: 2, parentSpanId: parentIds.spanId });
  expect(parseTraceparent(open.traceparent)).toMatchObject({ traceId: parentIds.traceId, spanId: claim?.spanId });
  expect(attempt).toMatchObject({
    name: "attempt",
    kind: 1,
    statusCode: 0,
    parentSpanId: claim?.spanId,
    startTimeNs: 1_700_000_000_000_250_000n,
    endTimeNs: 1_700_000_000_500_000_000n,
  });
  expect(parseTraceparent(inner)).toMatchObject({ traceId: parentIds.traceId, spanId: attempt?.spanId });
});

test("without a parent, or with one that is malformed, a new sampled trace begins", async () => {
  const { receiver, telemetry } = await setUp();
  const times = { startTime: 1_700_000_000_000, endTime: 1_700_000_000_001 };
  const roots = ["", "nonsense", `00-${"0".repeat(32)}-b7ad6b7169203331-01`].map((value) =>
    recordSpan(telemetry, { name: "root", parent: value, ...times }),
  );
  await telemetry.stop();
  expect(new Set(roots.map((root) => parseTraceparent(root)?.traceId)).size).toBe(3);
  expect(roots.every((root) => root.endsWith("-01"))).toBe(true);
  expect(receiver.spans.map(({ parentSpanId }) => parentSpanId)).toEqual(["", "", ""]);
});

test("a trace that was not sampled is not recorded, and goes on under its parent", async () => {
  const { receiver, telemetry } = await setUp();
  const unsampled = parent.replace(/01$/, "00");
  const open = startSpan(telemetry, { name: "claim", parent: unsampled });
  open.end();
  expect(open.traceparent).toBe(unsampled);
  expect(recordSpan(telemetry, { name: "x", parent: unsampled, startTime: 1, endTime: 2 })).toBe(unsampled);
  await telemetry.stop();
  expect(receiver.spans).toEqual([]);
});

test("metrics reach the collector, those of the process among them", async () => {
  const { receiver, telemetry } = await setUp();
  telemetry.meter.createCounter("windlass.test.runs").add(1);
  await telemetry.stop();
  expect([...receiver.metricNames].toSorted()).toEqual([
    "nodejs.eventloop.delay.p99",
    "process.cpu.time",
    "process.memory.usage",
    "windlass.test.runs",
  ]);
});

test("spans arrive within seconds, without waiting for the end", async () => {
  const { receiver, telemetry } = await setUp();
  startSpan(telemetry, { name: "claim", parent }).end();
  await vi.waitFor(() => expect(receiver.spans).toHaveLength(1), { timeout: 5_000 });
});

test("a collector that does not answer holds up stop for no more than 3 s, and the log says what was lost", async () => {
  const { telemetry, messages } = await setUp("never");
  startSpan(telemetry, { name: "claim", parent }).end();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const stopped = telemetry.stop().then(() => "stopped");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await Promise.race([stopped, new Promise((resolve) => void setImmediate(resolve, "goes on"))])).toBe(
      "stopped",
    );
  } finally {
    vi.useRealTimers();
  }
  expect(messages()).toContainEqual(expect.stringMatching(/^telemetry (lost|impaired)$/));
});

test("after stop nothing is recorded, stop can be repeated, and telemetry can start anew in the same process", async () => {
  const first = await setUp();
  await Promise.all([first.telemetry.stop(), first.telemetry.stop()]);
  expect(first.telemetry.enabled).toBe(false);
  expect(startSpan(first.telemetry, { name: "late", parent }).traceparent).toBe(parent);
  const second = await setUp();
  startSpan(second.telemetry, { name: "claim", parent }).end();
  await second.telemetry.stop();
  expect(first.receiver.spans).toEqual([]);
  expect(second.receiver.spans).toHaveLength(1);
});

test("without an endpoint nothing is recorded and the traceparent passes through", async () => {
  const telemetry = startTelemetry({ service: "queue", logger: collectLogs().logger });
  await telemetry.start();
  expect(telemetry.enabled).toBe(false);
  const open = startSpan(telemetry, { name: "claim", parent });
  open.end(new Error("whatever"));
  expect(open.traceparent).toBe(parent);
  expect(recordSpan(telemetry, { name: "x", parent: "", startTime: 1, endTime: 2 })).toBe("");
  telemetry.meter.createCounter("windlass.test.runs").add(1);
  await telemetry.stop();
});

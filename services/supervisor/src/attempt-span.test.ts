import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Telemetry } from "@windlass/chassis";
import { AttemptOutcome, FinishAttemptSchema, HookScope, RunErrorCode } from "@windlass/proto";
import { expect, it } from "vitest";
import { endAttemptSpan, startAttemptSpan } from "./attempt-span.ts";
import { makeLease } from "./testing/make-lease.ts";
import { testTelemetry } from "./testing/start-peer.ts";

interface Recorded {
  readonly name: string;
  readonly spanId: string;
  startMs?: number;
  endMs?: number;
  error?: string;
}

/** Telemetry that keeps its spans. */
function recordingTelemetry() {
  const spans: Recorded[] = [];
  const tracer = {
    startSpan(name: string, options: { startTime?: number } = {}) {
      const spanId = String(spans.length + 1).padStart(16, "0");
      const span: Recorded = { name, spanId, ...(options.startTime !== undefined && { startMs: options.startTime }) };
      spans.push(span);
      return {
        spanContext: () => ({ traceId: "1".repeat(32), spanId, traceFlags: 1 }),
        recordException: (error: Error) => (span.error = `${error.name}: ${error.message}`),
        setStatus: () => {},
        end: (endMs?: number) => endMs !== undefined && (span.endMs = endMs),
      };
    },
  };
  return { spans, telemetry: { enabled: true, tracer } as unknown as Telemetry };
}

const lease = makeLease({ attemptNumber: 2, traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` });
const finish = create(FinishAttemptSchema, {
  outcome: AttemptOutcome.FAILED,
  error: { code: RunErrorCode.TASK_ERROR, name: "TypeError", message: "boom" },
  hooks: [
    {
      hook: "init",
      name: "db",
      scope: HookScope.GLOBAL,
      startTime: timestampFromMs(1_000),
      duration: durationFromMs(5),
    },
    {
      hook: "run",
      scope: HookScope.TASK,
      startTime: timestampFromMs(1_005),
      duration: durationFromMs(20),
      error: { name: "TypeError", message: "boom" },
    },
  ],
});

it("records the attempt with a child for each hook, and marks what failed", () => {
  const { telemetry, spans } = recordingTelemetry();
  const span = startAttemptSpan(telemetry, lease, "worker-1");
  expect(span.traceparent).toBe(`00-${"1".repeat(32)}-${"1".padStart(16, "0")}-01`);
  endAttemptSpan(telemetry, span, finish);
  expect(spans.map(({ name, startMs, endMs, error }) => ({ name, startMs, endMs, error }))).toEqual([
    { name: "attempt 2", startMs: undefined, endMs: undefined, error: "TypeError: boom" },
    { name: "init db", startMs: 1_000, endMs: 1_005, error: undefined },
    { name: "run", startMs: 1_005, endMs: 1_025, error: "TypeError: boom" },
  ]);
});

it("hands the run's own trace on when nothing is recorded", () => {
  const span = startAttemptSpan(testTelemetry, lease, "worker-1");
  expect(span.traceparent).toBe(lease.traceparent);
  expect(() => endAttemptSpan(testTelemetry, span, finish)).not.toThrow();
});

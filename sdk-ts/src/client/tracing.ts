import {
  type Attributes,
  context,
  type Context,
  isSpanContextValid,
  SpanKind,
  SpanStatusCode,
  trace,
  type SpanContext,
} from "@opentelemetry/api";
import { activeAttempt } from "../task/active-attempt.ts";
import { SDK_NAME, SDK_VERSION } from "../version.ts";

/**
 * Makes `call` under a span "trigger <task>", or "trigger batch", and gives it the W3C traceparent to send along. Without a tracer provider
 * that costs next to nothing: the traceparent is then that of the attempt that triggers, or empty.
 */
export async function traceTrigger<T>(taskId: string, call: (traceparent: string) => Promise<T>): Promise<T> {
  return traceProducer(`trigger ${taskId}`, { "windlass.task.id": taskId }, call);
}

/** The same for all runs of a batch. */
export async function traceBatch<T>(batchId: string, call: (traceparent: string) => Promise<T>): Promise<T> {
  return traceProducer("trigger batch", { "windlass.batch.id": batchId }, call);
}

async function traceProducer<T>(
  name: string,
  attributes: Attributes,
  call: (traceparent: string) => Promise<T>,
): Promise<T> {
  const tracer = trace.getTracer(SDK_NAME, SDK_VERSION);
  const span = tracer.startSpan(name, { kind: SpanKind.PRODUCER, attributes }, parentContext());
  try {
    return await call(traceparentOf(span.spanContext()));
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    span.end();
  }
}

/** The active span's context; in a worker without one, the attempt's. */
function parentContext(): Context {
  const active = context.active();
  if (trace.getSpanContext(active) !== undefined) return active;
  const remote = parseTraceparent(activeAttempt.current?.traceparent ?? "");
  return remote === undefined ? active : trace.setSpanContext(active, remote);
}

function traceparentOf(span: SpanContext): string {
  if (!isSpanContextValid(span)) return "";
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
}

function parseTraceparent(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

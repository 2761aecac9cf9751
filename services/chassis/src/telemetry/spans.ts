import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind as OtelSpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import type { Telemetry } from "./telemetry.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";
export type SpanAttributes = Attributes;

export interface SpanOptions {
  readonly name: string;
  /** W3C traceparent of the span this one is under; "" starts a trace. */
  readonly parent: string;
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes;
}

export interface FinishedSpan extends SpanOptions {
  /** Milliseconds since 1970 (fractions count) or a Date. */
  readonly startTime: number | Date;
  readonly endTime: number | Date;
  /** What it failed with, if it did. */
  readonly error?: unknown;
}

export interface OpenSpan {
  /** W3C traceparent to hand on, so that what follows is under this span. The parent's own when nothing is recorded. */
  readonly traceparent: string;
  /** Ends the span, failed if an error is given. Once. */
  end(error?: unknown): void;
}

const otelKinds: Record<SpanKind, OtelSpanKind> = {
  internal: OtelSpanKind.INTERNAL,
  server: OtelSpanKind.SERVER,
  client: OtelSpanKind.CLIENT,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
};

/** Opens a span that begins now. */
export function startSpan(telemetry: Telemetry, options: SpanOptions): OpenSpan {
  const { parent } = options;
  const span = openSpan(telemetry, options);
  if (span === undefined) return { traceparent: parent, end: ignoreEnd };
  return {
    traceparent: traceparentOf(span, parent),
    end(error) {
      if (error !== undefined) failSpan(span, error);
      span.end();
    },
  };
}

/**
 * Records a span that is already over, with its own start and end, and returns its traceparent; the parent's when nothing
 * is recorded. So one process can record what another, without telemetry, measured.
 */
export function recordSpan(telemetry: Telemetry, finished: FinishedSpan): string {
  const span = openSpan(telemetry, finished, finished.startTime);
  if (span === undefined) return finished.parent;
  if (finished.error !== undefined) failSpan(span, finished.error, finished.endTime);
  span.end(finished.endTime);
  return traceparentOf(span, finished.parent);
}

/** Undefined when telemetry is off or whoever started the trace chose not to sample it. */
function openSpan(telemetry: Telemetry, options: SpanOptions, startTime?: number | Date): Span | undefined {
  if (!telemetry.enabled) return undefined;
  const parent = parseTraceparent(options.parent);
  if (parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  return telemetry.tracer.startSpan(
    options.name,
    {
      kind: otelKinds[options.kind ?? "internal"],
      ...(options.attributes !== undefined && { attributes: options.attributes }),
      ...(startTime !== undefined && { startTime }),
    },
    parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
  );
}

/** A root the sampler refused still has ids and an unsampled flag, which tells the spans below to follow it. */
function traceparentOf(span: Span, parent: string): string {
  const context = span.spanContext();
  const isRecorded = (context.traceFlags & TraceFlags.SAMPLED) !== 0;
  return isRecorded || parent === "" ? formatTraceparent(context) : parent;
}

function failSpan(span: Span, error: unknown, time?: number | Date): void {
  const exception = error instanceof Error ? error : String(error);
  span.recordException(exception, time);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

function ignoreEnd(): void {}

import { createNoopMeter, type Meter, metrics, trace, type Tracer } from "@opentelemetry/api";
import type { Component } from "../lifecycle/component.ts";
import type { Logger } from "./logger.ts";

/** A service's traces and metrics. Without an endpoint it does nothing, at no cost worth measuring. */
export interface Telemetry extends Component {
  /** Whether spans are recorded: an endpoint is set, the SDK is loaded and stop was not called. */
  readonly enabled: boolean;
  /** For what `startSpan` and `recordSpan` do not cover. Records nothing unless enabled. */
  readonly tracer: Tracer;
  /** Create instruments after `start`: those created before record nothing. */
  readonly meter: Meter;
}

export interface TelemetryOptions {
  readonly service: string;
  /** OTLP over HTTP, for example `http://127.0.0.1:4318`; absent turns telemetry off. */
  readonly endpoint?: string | undefined;
  readonly logger: Logger;
}

const scopeName = "windlass";
const noopMeter = createNoopMeter();

/**
 * Starts exporting traces and metrics when an endpoint is given; the SDK is not even loaded otherwise.
 * `start` resolves when spans are recorded. A collector that is down costs spans (the queue is bounded), never the service.
 * `stop` sends what is queued, for at most 3 s. A crash loses what was queued, at most the last second.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { endpoint, service, logger } = options;
  if (endpoint === undefined) return disabledTelemetry;
  let stopOtel: (() => Promise<void>) | undefined;
  let stopping: Promise<void> | undefined;
  const load = async () => {
    const { startOtel } = await import("./otel.ts");
    stopOtel = startOtel({ service, endpoint, logger });
  };
  const loading = load();
  // Whoever starts the component hears of a failure; until then it must not count as unhandled.
  loading.catch(() => undefined);
  return {
    name: "telemetry",
    get enabled() {
      return stopOtel !== undefined && stopping === undefined;
    },
    get tracer() {
      return trace.getTracer(scopeName);
    },
    get meter() {
      return metrics.getMeter(scopeName);
    },
    start: () => loading,
    stop: () =>
      (stopping ??= loading.then(
        () => stopOtel?.(),
        () => undefined,
      )),
  };
}

const disabledTelemetry: Telemetry = {
  name: "telemetry",
  enabled: false,
  get tracer() {
    return trace.getTracer(scopeName);
  },
  meter: noopMeter,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
};

import type { Histogram } from "@opentelemetry/api";
import type { Telemetry } from "../telemetry/index.ts";
import type { Pool } from "./pool.ts";

/** How long statements take and how full the pool is, named as in OpenTelemetry's semantic conventions. */
export interface DatabaseMetrics {
  /** From here on it records, if telemetry is enabled. */
  start(): void;
  /** Begins to time a statement; call the result when it has ended. */
  begin(statementName: string): () => void;
}

export function createDatabaseMetrics(telemetry: Telemetry, pool: Pool): DatabaseMetrics {
  let durations: Histogram | undefined;
  return {
    start() {
      if (!telemetry.enabled) return;
      durations = telemetry.meter.createHistogram("db.client.operation.duration", { unit: "s" });
      telemetry.meter.createObservableUpDownCounter("db.client.connection.count").addCallback((result) => {
        result.observe(pool.inUse, { "db.client.connection.state": "used" });
        result.observe(pool.idle, { "db.client.connection.state": "idle" });
      });
      telemetry.meter
        .createObservableUpDownCounter("db.client.connection.pending_requests")
        .addCallback((result) => result.observe(pool.waiting));
    },
    begin(statementName) {
      const histogram = durations;
      if (histogram === undefined) return ignoreEnd;
      const startMs = performance.now();
      return () => histogram.record((performance.now() - startMs) / 1_000, { "db.query.summary": statementName });
    },
  };
}

function ignoreEnd(): void {}

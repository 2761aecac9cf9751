import { context, diag, DiagLogLevel, metrics, propagation, trace } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { createDiagLogger } from "./diag-logger.ts";
import type { Logger } from "./logger.ts";
import { observeProcess } from "./process-metrics.ts";

/** One second: what a crash may lose, and what a reader of the trace waits for. */
const spanDelayMs = 1_000;
/** About 20 MB at worst; more spans than that between two exports are dropped, and the log says how many. */
const maxQueuedSpans = 16_384;
const maxSpansPerExport = 2_048;
const metricIntervalMs = 15_000;
/** Shorter than `stopLimitMs`, so that a collector that is down is told apart from one that is slow. */
const exportTimeoutMs = 2_000;
const stopLimitMs = 3_000;

interface OtelOptions {
  readonly service: string;
  readonly endpoint: string;
  readonly logger: Logger;
}

/** Loads, configures and registers the OpenTelemetry SDK. Returns what flushes and ends it, within 3 s. */
export function startOtel({ service, endpoint, logger }: OtelOptions): () => Promise<void> {
  const base = endpoint.replace(/\/+$/, "");
  diag.setLogger(createDiagLogger(logger), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const sdk = new NodeSDK({
    serviceName: service,
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${base}/v1/traces`, timeoutMillis: exportTimeoutMs }),
        maxQueueSize: maxQueuedSpans,
        maxExportBatchSize: maxSpansPerExport,
        scheduledDelayMillis: spanDelayMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
    metricReaders: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics`, timeoutMillis: exportTimeoutMs }),
        exportIntervalMillis: metricIntervalMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
    logRecordProcessors: [],
  });
  sdk.start();
  const stopObserving = observeProcess(metrics.getMeter("windlass"));
  return async () => {
    stopObserving();
    const limit = Promise.withResolvers<"limit">();
    const timer = setTimeout(() => limit.resolve("limit"), stopLimitMs);
    try {
      const outcome = await Promise.race([sdk.shutdown(), limit.promise]);
      if (outcome === "limit") logger.warn("telemetry lost", { reason: `not sent within ${stopLimitMs} ms` });
    } catch (error) {
      logger.warn("telemetry lost", { error });
    } finally {
      clearTimeout(timer);
      for (const api of [trace, metrics, context, propagation, diag]) api.disable();
    }
  };
}

export { createLogger, logLevels } from "./logger.ts";
export type { LogFields, Logger, LoggerOptions, LogLevel } from "./logger.ts";
export { recordSpan, startSpan } from "./spans.ts";
export type { FinishedSpan, OpenSpan, SpanAttributes, SpanKind, SpanOptions } from "./spans.ts";
export { startTelemetry } from "./telemetry.ts";
export type { Telemetry, TelemetryOptions } from "./telemetry.ts";

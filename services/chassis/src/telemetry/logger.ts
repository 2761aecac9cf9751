import { logFieldsToJson } from "./log-fields.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields of a log line. An Error becomes its name, message, code, reason, stack and causes; a bigint becomes a string. */
export type LogFields = Record<string, unknown>;

/**
 * Writes one JSON object a line: `time`, `level`, `service`, `msg`, then the fields.
 * Name what a line is about the same way everywhere: `runId`, `traceId`, `spanId`, `supervisorId`, `error`.
 */
export interface Logger {
  debug(msg: string, fields?: LogFields): void;
  info(msg: string, fields?: LogFields): void;
  warn(msg: string, fields?: LogFields): void;
  error(msg: string, fields?: LogFields): void;
  /** A logger whose every line also carries these fields. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Where lines go; each ends in a newline. Default: stdout, written before the call returns, so that a crash loses none. */
  readonly write?: (line: string) => void;
}

/** Builds a logger. A line below the level costs one comparison; a field that cannot be encoded never makes a call fail. */
export function createLogger(options: LoggerOptions): Logger {
  return loggerWith(options, options.write ?? writeToStdout, {});
}

function loggerWith(options: LoggerOptions, write: (line: string) => void, bound: LogFields): Logger {
  const threshold = logLevels.indexOf(options.level);
  const writer = (level: LogLevel) => {
    if (logLevels.indexOf(level) < threshold) return () => undefined;
    return (msg: string, fields?: LogFields) => {
      const head = { time: new Date().toISOString(), level, service: options.service, msg };
      write(`${logFieldsToJson({ ...head, ...bound, ...fields })}\n`);
    };
  };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    with: (fields) => loggerWith(options, write, { ...bound, ...fields }),
  };
}

let stdout: "unused" | "open" | "broken" = "unused";

function writeToStdout(line: string): void {
  if (stdout === "unused") {
    stdout = "open";
    // Whoever read our stdout may go away before us (a closed terminal, a killed collector); that must not end the service.
    process.stdout.on("error", () => {
      stdout = "broken";
    });
  }
  if (stdout === "open") process.stdout.write(line);
}

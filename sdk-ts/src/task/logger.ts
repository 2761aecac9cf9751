import { inspect } from "node:util";
import { activeAttempt, type LogLevelName } from "./active-attempt.ts";
import type { ConfigLogLevel } from "./define-config.ts";
import { projectDefaults } from "./project-defaults.ts";

type Log = (message: string, attributes?: Record<string, unknown>) => void;

/**
 * Writes to the timeline of the run that is executing; elsewhere to the console. A message is cut at 32 KB; attributes
 * are stored as JSON, and what JSON cannot carry is described in words. What is below the config's logLevel is not written.
 *
 * Lines leave the process when the event loop turns: those written in the same turn before the process dies, or never
 * gives back control, can be lost.
 */
export const logger: Readonly<Record<LogLevelName | "log", Log>> = {
  trace: log("trace"),
  debug: log("debug"),
  info: log("info"),
  log: log("info"),
  warn: log("warn"),
  error: log("error"),
};

function log(level: LogLevelName): Log {
  return (message: unknown, attributes) => {
    if (LOUDNESS[level] < LOUDNESS[projectDefaults.current.logLevel ?? "trace"]) return;
    const attempt = activeAttempt.current;
    if (attempt !== undefined) attempt.log(level, typeof message === "string" ? message : inspect(message), attributes);
    else if (attributes === undefined) CONSOLE[level](message);
    else CONSOLE[level](message, attributes);
  };
}

const LOUDNESS: Readonly<Record<ConfigLogLevel, number>> = {
  trace: 0,
  debug: 1,
  log: 2,
  info: 2,
  warn: 3,
  error: 4,
  none: 5,
};

/** console.trace would add a stack. */
const CONSOLE: Readonly<Record<LogLevelName, (...args: unknown[]) => void>> = {
  trace: (...args) => console.debug(...args),
  debug: (...args) => console.debug(...args),
  info: (...args) => console.info(...args),
  warn: (...args) => console.warn(...args),
  error: (...args) => console.error(...args),
};

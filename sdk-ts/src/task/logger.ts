import { inspect } from "node:util";
import { activeAttempt, type LogLevelName } from "./active-attempt.ts";

type Log = (message: string, attributes?: Record<string, unknown>) => void;

/**
 * Writes to the timeline of the run that is executing; elsewhere to the console. A message is cut at 32 KB; attributes
 * are stored as JSON, and what JSON cannot carry is described in words.
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
    const attempt = activeAttempt.current;
    if (attempt !== undefined) attempt.log(level, typeof message === "string" ? message : inspect(message), attributes);
    else if (attributes === undefined) CONSOLE[level](message);
    else CONSOLE[level](message, attributes);
  };
}

/** console.trace would add a stack. */
const CONSOLE: Readonly<Record<LogLevelName, (...args: unknown[]) => void>> = {
  trace: (...args) => console.debug(...args),
  debug: (...args) => console.debug(...args),
  info: (...args) => console.info(...args),
  warn: (...args) => console.warn(...args),
  error: (...args) => console.error(...args),
};

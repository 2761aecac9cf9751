import { processGlobal } from "./process-global.ts";

export type LogLevelName = "trace" | "debug" | "info" | "warn" | "error";

/** What the rest of the SDK needs of the attempt that this process executes. */
export interface ActiveAttempt {
  /** W3C traceparent of the attempt's span; empty when the run is not traced. */
  readonly traceparent: string;
  /** Adds a line to the run's timeline. Never throws. */
  log(level: LogLevelName, message: string, attributes?: unknown): void;
}

/** A worker executes one attempt at a time, so one place in the process is enough; outside of attempts and workers it is empty. */
export const activeAttempt = processGlobal("attempt", (): { current: ActiveAttempt | undefined } => ({
  current: undefined,
}));

import type { DiagLogger } from "@opentelemetry/api";
import type { Logger } from "./logger.ts";

/** A collector that is down fails every export; one line in this time is enough to know. */
const quietMs = 30_000;

/** Hands the SDK's own warnings and errors to our log, at most one line per 30 s, which counts what it held back. */
export function createDiagLogger(logger: Logger, nowMs: () => number = () => performance.now()): DiagLogger {
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  let heldBack = 0;
  const warn = (message: string, ...details: unknown[]) => {
    if (nowMs() < quietUntilMs) {
      heldBack += 1;
      return;
    }
    quietUntilMs = nowMs() + quietMs;
    logger.warn("telemetry impaired", { detail: message, ...(details.length > 0 && { details }), heldBack });
    heldBack = 0;
  };
  const ignore = () => undefined;
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
}

import { createLogger, startTelemetry } from "@windlass/chassis";

/** What the services of a test know each other by. */
export const internalToken = "a-token-for-tests-only";

export const silentLogger = createLogger({ service: "test", level: "error", write: () => undefined });

export const untraced = startTelemetry({ service: "test", logger: silentLogger });

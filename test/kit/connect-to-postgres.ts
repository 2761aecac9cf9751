import { createLogger, createPostgres, startTelemetry, type Postgres } from "@windlass/chassis";

/** Connects to a database through the chassis, without logs or telemetry. Stop it after use. @throws when it cannot be used within `startLimitMs`. */
export async function connectToPostgres(url: string, startLimitMs = 10_000): Promise<Postgres> {
  const logger = createLogger({ service: "test", level: "error", write: () => undefined });
  const postgres = createPostgres({
    url,
    maxConnections: 2,
    applicationName: "windlass-test",
    logger,
    telemetry: startTelemetry({ service: "test", logger }),
    startLimitMs,
  });
  try {
    await postgres.start();
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

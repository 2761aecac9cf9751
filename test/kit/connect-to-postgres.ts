import { createLogger, createPostgres, startTelemetry, type Postgres } from "@windlass/chassis";

/** Connects to a database through the chassis, without logs or telemetry. Stop it after use. */
export async function connectToPostgres(url: string): Promise<Postgres> {
  const logger = createLogger({ service: "test", level: "error", write: () => undefined });
  const postgres = createPostgres({
    url,
    maxConnections: 2,
    applicationName: "windlass-test",
    logger,
    telemetry: startTelemetry({ service: "test", logger }),
  });
  await postgres.start();
  return postgres;
}

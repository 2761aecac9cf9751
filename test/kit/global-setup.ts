import path from "node:path";
import { findNatsServer, repositoryDirectory } from "@windlass/local";
import type { TestProject } from "vitest/node";
import { startTestPostgres } from "./test-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** See createTestDatabase. */
    postgresAdminUrl: string;
    /** The nats-server program. */
    natsServer: string;
  }
}

/** Runs once per project, before its first test: one PostgreSQL for all of its tests, and nats-server fetched if the machine lacks it. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const toolsDirectory = path.join(repositoryDirectory, ".windlass", "tools");
  project.provide(
    "natsServer",
    await findNatsServer({ toolsDirectory, onProgress: (step) => process.stderr.write(`${step}\n`) }),
  );
  const postgres = await startTestPostgres();
  project.provide("postgresAdminUrl", postgres.adminUrl);
  return () => postgres.stop();
}

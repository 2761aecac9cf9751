import path from "node:path";
import { findNatsServer, localPaths, repositoryDirectory } from "@windlass/local";
import type { TestProject } from "vitest/node";
import { startTestPostgres } from "./test-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** See createTestDatabase. */
    postgresAdminUrl: string;
  }
}

/** Runs once per project, before its first test: one PostgreSQL for all of its tests, and nats-server fetched if the machine lacks it and put on the PATH. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const onProgress = (step: string): void => void process.stderr.write(`${step}\n`);
  const natsServer = await findNatsServer({ toolsDirectory: localPaths(repositoryDirectory).tools, onProgress });
  process.env["PATH"] = [process.env["PATH"], path.dirname(natsServer)].join(path.delimiter); // the workers of this run inherit it
  const postgres = await startTestPostgres();
  project.provide("postgresAdminUrl", postgres.adminUrl);
  return () => postgres.stop();
}

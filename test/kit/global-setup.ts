import path from "node:path";
import { findNatsServer, localPaths, repositoryDirectory } from "@windlass/local";
import type { TestProject } from "vitest/node";
import { addSandboxTools } from "./sandbox-tools.ts";
import { createStoreTemplate } from "./store-template.ts";
import { startTestPostgres } from "./test-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** See createTestDatabase. */
    postgresAdminUrl: string;
  }
}

/**
 * Runs once per project, before its first test: one PostgreSQL for all of its tests; nats-server, and what sandboxes are made with, are fetched if the machine
 * lacks them and put on the PATH. Without the latter the tests of sandboxes are skipped; as nobody but root can make any, they are fetched for root alone.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const onProgress = (step: string): void => void process.stderr.write(`${step}\n`);
  const toolsDirectory = localPaths(repositoryDirectory).tools;
  const natsServer = await findNatsServer({ toolsDirectory, onProgress });
  const canSandbox = process.platform === "linux" && process.getuid?.() === 0;
  process.env["PATH"] = [process.env["PATH"], path.dirname(natsServer)].join(path.delimiter); // the workers of this run inherit it
  const missing = canSandbox ? await addSandboxTools(onProgress) : [];
  for (const reason of missing) onProgress(`tests of a sandbox are skipped: ${reason}`);
  const postgres = await startTestPostgres();
  await createStoreTemplate(postgres.adminUrl);
  project.provide("postgresAdminUrl", postgres.adminUrl);
  return () => postgres.stop();
}

import type { Clock } from "@windlass/chassis";
import { afterAll } from "vitest";
import { createRunSeeder, type RunSeeder } from "./seed-runs.ts";
import { startStoreServer, type StoreServer, type TestEnvironment } from "./store-server.ts";
import { deploy } from "./upload.ts";

/** What tests of the public API begin with. */
export interface SharedStoreServer {
  readonly server: StoreServer;
  readonly seeder: RunSeeder;
  /** It has a version with the task "hello". */
  readonly environment: TestEnvironment;
}

/** One server for all tests of the file at whose top this is called. It is stopped after the last. */
export async function shareStoreServer(options: { readonly clock?: Clock } = {}): Promise<SharedStoreServer> {
  const server = await startStoreServer(options);
  afterAll(() => server.stop());
  const seeder = await createRunSeeder(server.postgres, server.feed);
  const environment = await server.createEnvironment();
  await deploy(environment);
  return { server, seeder, environment };
}

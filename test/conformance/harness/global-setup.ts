import type { TestProject } from "vitest/node";
import setUpKit from "../../kit/global-setup.ts";
import { startCluster } from "../../kit/index.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The one cluster of the suite. */
    conformanceCluster: ConformanceCluster;
  }
}

/** How a test file reaches the cluster. */
export interface ConformanceCluster {
  readonly url: string;
  /** Makes environments. */
  readonly adminToken: string;
}

/**
 * Most attempts of the suite wait: for a limit, for a cancel, for another run. So there are more workers than the
 * machine has processors, and no section waits for the slots of another.
 */
const WORKERS = 12;
/** In place of 30 s, so that the suite does not spend them. */
const CANCEL_LIMIT_MS = 3_000;
/** No supervisor is lost here; a machine whose processors are all busy shall not look like it. */
const SUPERVISOR_TTL_MS = 20_000;

/** One cluster for the whole suite; every section has an environment of its own in it. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const tearDownKit = await setUpKit(project);
  try {
    const cluster = await startCluster({
      workers: WORKERS,
      cancelLimitMs: CANCEL_LIMIT_MS,
      supervisorTtlMs: SUPERVISOR_TTL_MS,
    });
    project.provide("conformanceCluster", { url: cluster.url, adminToken: cluster.secrets.adminToken });
    return async () => {
      await cluster.end();
      await tearDownKit();
    };
  } catch (error) {
    await tearDownKit();
    throw error;
  }
}

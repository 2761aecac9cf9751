import { localPaths, repositoryDirectory } from "@windlass/local";
import type { TestProject } from "vitest/node";
import setUpKit from "../../kit/global-setup.ts";
import { startCluster } from "../../kit/index.ts";
import { findChromium } from "./find-chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** See browser.ts and open-environment.ts. */
    dashboardSuite: DashboardSuite;
  }
}

/** What the suite has to test with, or why it has nothing. */
export type DashboardSuite = TestableDashboard | { readonly whyNot: string };

/** The browser and the suite's one cluster. */
interface TestableDashboard {
  readonly whyNot?: never;
  /** The program. */
  readonly chromium: string;
  /** Where the cluster's clients connect. */
  readonly url: string;
  /** Where browsers go. */
  readonly dashboardUrl: string;
  readonly databaseUrl: string;
  /** Makes environments. */
  readonly adminToken: string;
}

/** Runs of several files at a time, most of which wait. */
const WORKERS = 6;
/** In place of 30 s, so that the suite does not spend them. */
const CANCEL_LIMIT_MS = 3_000;
/** No supervisor is lost here; a machine whose processors are all busy shall not look like it. */
const SUPERVISOR_TTL_MS = 20_000;

/** One cluster for the whole suite, in which every file has an environment of its own; none where there is no browser. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const onProgress = (step: string): void => void process.stderr.write(`${step}\n`);
  const toolsDirectory = localPaths(repositoryDirectory).tools;
  const found = await findChromium({ toolsDirectory, onProgress, setting: process.env["WINDLASS_CHROMIUM"] });
  if (found.missing !== undefined) {
    onProgress(`tests in a browser are skipped: ${found.missing}`);
    project.provide("dashboardSuite", { whyNot: found.missing });
    return () => Promise.resolve();
  }
  const tearDownKit = await setUpKit(project);
  try {
    const cluster = await startCluster({
      instances: { dashboard: 1 },
      workers: WORKERS,
      cancelLimitMs: CANCEL_LIMIT_MS,
      supervisorTtlMs: SUPERVISOR_TTL_MS,
      // Sign-ins are counted by address: so every window of the suite can have one of its own.
      memberEnv: {
        dashboard: { WINDLASS_TRUST_PROXY: "1", WINDLASS_TRACE_URL: "https://traces.example/trace/{traceId}" },
      },
    });
    project.provide("dashboardSuite", {
      chromium: found.program,
      url: cluster.url,
      dashboardUrl: cluster.dashboardUrl ?? "",
      databaseUrl: cluster.databaseUrl,
      adminToken: cluster.secrets.adminToken,
    });
    return async () => {
      await cluster.end();
      await tearDownKit();
    };
  } catch (error) {
    await tearDownKit();
    throw error;
  }
}

import { close, configure } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { EnvironmentType } from "@windlass/proto";
import path from "node:path";
import { inject } from "vitest";
import { type Clients, connectClients } from "../../kit/index.ts";

/** An environment of the suite's cluster; the SDK of this process speaks to it. */
export interface TestEnvironment extends AsyncDisposable {
  readonly id: string;
  /** Where browsers go. */
  readonly url: string;
  /** The whole cluster's database; whoever writes into it leaves other environments alone. */
  readonly databaseUrl: string;
  /** Its first key. */
  readonly apiKey: string;
  /** The public API without the SDK, with the first key unless told. */
  client(apiKey?: string): Clients;
  /** Makes a folder of test/dashboard the environment's current version. */
  deploy(folder: string): Promise<void>;
}

/** Files of the suite know nothing of each other: each has an environment, and that is what lets them run side by side. */
export async function openEnvironment(slug: string): Promise<TestEnvironment> {
  const suite = inject("dashboardSuite");
  if (suite.whyNot !== undefined) throw new Error(`there is no dashboard to test: ${suite.whyNot}`);
  const { url, dashboardUrl, databaseUrl, adminToken } = suite;
  const made = await createEnvironment(url, adminToken, slug);
  configure({ url, apiKey: made.apiKey });
  const clients: Clients[] = [];
  return {
    ...made,
    url: dashboardUrl,
    databaseUrl,
    client(key = made.apiKey) {
      const client = connectClients(url, key);
      clients.push(client);
      return client;
    },
    async deploy(folder) {
      await deploy(path.resolve(import.meta.dirname, "..", folder), { url, apiKey: made.apiKey });
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await close();
    },
  };
}

async function createEnvironment(url: string, adminToken: string, slug: string) {
  const admin = connectClients(url, adminToken);
  try {
    const type = EnvironmentType.DEVELOPMENT;
    const made = await admin.environments.createEnvironment({ slug, type, project: "dashboard" });
    return { id: made.environment?.id ?? "", apiKey: made.apiKey };
  } finally {
    admin.close();
  }
}

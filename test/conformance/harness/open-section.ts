import { close, configure } from "@windlass/sdk";
import { deploy } from "@windlass/sdk/build";
import { fileURLToPath } from "node:url";
import { EnvironmentType } from "@windlass/proto";
import { inject } from "vitest";
import { type Clients, connectClients } from "../../kit/index.ts";

/** What a section may ask for. */
export interface SectionOptions {
  /** Default "PRODUCTION": there, what a task says about retrying holds. */
  readonly type?: "DEVELOPMENT" | "PRODUCTION";
  /** Of the environment; set before the tasks are deployed. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** An environment of the suite's cluster with the tasks of a folder; the SDK of this process speaks to it. */
export interface Section extends AsyncDisposable {
  readonly environmentId: string;
  readonly deploymentId: string;
  readonly version: string;
  readonly apiKey: string;
  readonly url: string;
  /** The public API without the SDK. */
  readonly api: Clients;
}

/** Sections of one cluster know nothing of each other: that is what lets them run side by side. */
export async function openSection(slug: string, folder: string, options: SectionOptions = {}): Promise<Section> {
  const { url, adminToken } = inject("conformanceCluster");
  const { environmentId, apiKey } = await createEnvironment(slug, options.type ?? "PRODUCTION");
  const api = connectClients(url, apiKey);
  if (options.variables !== undefined) await api.environments.setVariables({ variables: options.variables });
  configure({ url, apiKey });
  const { id, version } = await deploy(folder);
  return {
    environmentId,
    deploymentId: id,
    version,
    apiKey,
    url,
    api,
    async [Symbol.asyncDispose]() {
      api.close();
      await close();
    },
  };

  async function createEnvironment(slug: string, type: keyof typeof EnvironmentType) {
    const admin = connectClients(url, adminToken);
    try {
      const made = await admin.environments.createEnvironment({
        slug,
        type: EnvironmentType[type],
        project: "conformance",
      });
      return { environmentId: made.environment?.id ?? "", apiKey: made.apiKey };
    } finally {
      admin.close();
    }
  }
}

/** The folder of a section's tasks. */
export function tasksOf(section: string): string {
  return fileURLToPath(new URL(`../tasks/${section}`, import.meta.url));
}

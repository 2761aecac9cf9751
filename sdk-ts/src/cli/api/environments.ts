import { type Environment, EnvironmentService, type EnvironmentType, EnvironmentTypeSchema } from "@windlass/proto";
import { enumName } from "../../client/enum-name.ts";
import type { EnvironmentVariable } from "../../environment/envvars.ts";
import { callService } from "./connect.ts";

export type EnvironmentTypeName = Exclude<keyof typeof EnvironmentType, "UNSPECIFIED">;

/** The environment that the API key belongs to. */
export interface EnvironmentSummary {
  readonly id: string;
  readonly slug: string;
  readonly type: EnvironmentTypeName;
  readonly project: string;
  /** How many of its runs may execute at once; absent: without limit. */
  readonly concurrencyLimit?: number;
}

export async function getEnvironment(): Promise<EnvironmentSummary> {
  const { environment } = await callService(EnvironmentService, (client, call) => client.getEnvironment({}, call));
  return environmentFromProto(environment);
}

/** How many supervisors the cluster has, by how they confine the workers of tasks. */
export async function countSupervisorsByTier(): Promise<Readonly<Record<string, number>>> {
  const answer = await callService(EnvironmentService, (client, call) => client.getEnvironment({}, call));
  return answer.supervisorsByTier;
}

/** Bounds how many runs of the environment execute at once; undefined: without limit. */
export async function setConcurrencyLimit(concurrencyLimit: number | undefined): Promise<EnvironmentSummary> {
  const request = concurrencyLimit === undefined ? {} : { concurrencyLimit };
  const { environment } = await callService(EnvironmentService, (client, call) =>
    client.setConcurrencyLimit(request, call),
  );
  return environmentFromProto(environment);
}

function environmentFromProto(environment: Environment | undefined): EnvironmentSummary {
  if (environment === undefined) throw new Error("The cluster's answer names no environment.");
  const { id, slug, type, project, concurrencyLimit } = environment;
  return {
    id,
    slug,
    type: enumName(EnvironmentTypeSchema, type) as EnvironmentTypeName,
    project,
    ...(concurrencyLimit !== undefined && { concurrencyLimit }),
  };
}

/** The variables that tasks of the environment find, in the order of their names, each with its value. */
export async function listVariables(): Promise<EnvironmentVariable[]> {
  const { variables, secretNames } = await callService(EnvironmentService, (client, call) =>
    client.listVariables({ withSecretValues: true }, call),
  );
  return Object.entries(variables)
    .map(([name, value]) => ({ name, value, isSecret: secretNames.includes(name) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** One that does not exist is passed over. */
export async function deleteVariables(names: readonly string[]): Promise<void> {
  await callService(EnvironmentService, (client, call) => client.deleteVariables({ names: [...names] }, call));
}

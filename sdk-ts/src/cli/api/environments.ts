import { EnvironmentService, type EnvironmentType, EnvironmentTypeSchema } from "@windlass/proto";
import { enumName } from "../../client/enum-name.ts";
import { callService } from "./connect.ts";

export type EnvironmentTypeName = Exclude<keyof typeof EnvironmentType, "UNSPECIFIED">;

/** The environment that the API key belongs to. */
export interface EnvironmentSummary {
  readonly id: string;
  readonly slug: string;
  readonly type: EnvironmentTypeName;
  readonly project: string;
}

export async function getEnvironment(): Promise<EnvironmentSummary> {
  const { environment } = await callService(EnvironmentService, (client, call) => client.getEnvironment({}, call));
  if (environment === undefined) throw new Error("The cluster's answer names no environment.");
  const { id, slug, type, project } = environment;
  return { id, slug, type: enumName(EnvironmentTypeSchema, type) as EnvironmentTypeName, project };
}

/** The variables that tasks of the environment find, by name. */
export async function listVariables(): Promise<Record<string, string>> {
  const { variables } = await callService(EnvironmentService, (client, call) => client.listVariables({}, call));
  return variables;
}

export async function setVariables(variables: Record<string, string>): Promise<void> {
  await callService(EnvironmentService, (client, call) => client.setVariables({ variables }, call));
}

/** One that does not exist is passed over. */
export async function deleteVariables(names: readonly string[]): Promise<void> {
  await callService(EnvironmentService, (client, call) => client.deleteVariables({ names: [...names] }, call));
}

import type { DeploymentSnapshot } from "../../deployment/deployment-snapshot.ts";
import type { Output } from "../output.ts";
import { headedTable } from "./fact-lines.ts";
import { tableLines } from "./table.ts";

/** A table of versions, newest first. */
export function deploymentTable(deployments: readonly DeploymentSnapshot[], style: Output["style"]): string[] {
  const rows = deployments.map(({ version, createdAt, tasks, replacedVersion, isCurrent }) => [
    version,
    createdAt?.toISOString() ?? "",
    String(tasks.length),
    replacedVersion ?? "",
    isCurrent ? "current" : "",
  ]);
  return headedTable(tableLines([["VERSION", "DEPLOYED", "TASKS", "REPLACED", ""], ...rows]), style);
}

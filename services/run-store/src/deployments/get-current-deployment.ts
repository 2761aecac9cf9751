import type { Queryable } from "@windlass/chassis";
import type { Deployment } from "@windlass/proto";
import { deploymentToProto } from "../conversions/deployment-to-proto.ts";
import { deploymentNotFound } from "../failures.ts";
import { selectCurrentDeployment } from "../store/select-current-deployment.ts";
import { selectDeploymentTasks } from "../store/select-deployment-tasks.ts";

/** Reads the version that new runs take. Throws DEPLOYMENT_NOT_FOUND before the first. */
export async function getCurrentDeployment(db: Queryable, environmentId: string): Promise<Deployment> {
  const row = await selectCurrentDeployment(db, environmentId);
  if (row === undefined) throw deploymentNotFound("This environment has no deployment yet.");
  const tasks = await selectDeploymentTasks(db, environmentId, [row.id]);
  return deploymentToProto(row, tasks.get(row.id) ?? []);
}

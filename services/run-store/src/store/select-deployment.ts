import type { Queryable } from "@windlass/chassis";
import { DEPLOYMENT_COLUMNS, type DeploymentRow } from "./deployment-row.ts";

const statement = {
  name: "select_deployment",
  text: `
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments d JOIN environments e ON e.id = d.environment_id
    WHERE d.environment_id = $1 AND d.id = $2`,
};

export async function selectDeployment(
  db: Queryable,
  environmentId: string,
  deploymentId: string,
): Promise<DeploymentRow | undefined> {
  const [row] = await db.query<DeploymentRow>(statement, [environmentId, deploymentId]);
  return row;
}

import type { Queryable } from "@windlass/chassis";
import { DEPLOYMENT_COLUMNS, type DeploymentRow } from "./deployment-row.ts";

const statement = {
  name: "select_deployment_by_version",
  text: `
    SELECT ${DEPLOYMENT_COLUMNS} FROM deployments d JOIN environments e ON e.id = d.environment_id
    WHERE d.environment_id = $1 AND d.version = $2`,
};

/** By the name that people have for it; undefined when the environment has no such version. */
export async function selectDeploymentByVersion(
  db: Queryable,
  environmentId: string,
  version: string,
): Promise<DeploymentRow | undefined> {
  const [row] = await db.query<DeploymentRow>(statement, [environmentId, version]);
  return row;
}

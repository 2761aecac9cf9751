import type { Queryable } from "@windlass/chassis";
import { DEPLOYMENT_COLUMNS, type DeploymentRow } from "./deployment-row.ts";

const statement = {
  name: "select_current_deployment",
  text: `
    SELECT ${DEPLOYMENT_COLUMNS} FROM environments e
    JOIN deployments d ON d.environment_id = e.id AND d.id = e.current_deployment_id
    WHERE e.id = $1`,
};

/** The version that new runs take; undefined before the first. */
export async function selectCurrentDeployment(
  db: Queryable,
  environmentId: string,
): Promise<DeploymentRow | undefined> {
  const [row] = await db.query<DeploymentRow>(statement, [environmentId]);
  return row;
}

import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "set_current_deployment",
  text: `UPDATE environments SET current_deployment_id = $2 WHERE id = $1`,
};

/** Makes a version the one that new runs take, once the transaction commits. */
export async function setCurrentDeployment(tx: Queryable, environmentId: string, deploymentId: string): Promise<void> {
  await tx.query(statement, [environmentId, deploymentId]);
}

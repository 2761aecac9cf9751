import type { Queryable } from "@windlass/chassis";

// Both parts see the environment as it was before. A version that an older one gives way to remembers that one; going back changes no memory, so that the next step back goes further.
const statement = {
  name: "set_current_deployment",
  text: `
    WITH promoted AS (
      UPDATE deployments d SET replaced_deployment_id = e.current_deployment_id
      FROM environments e WHERE e.id = $1 AND d.environment_id = $1 AND d.id = $2 AND e.current_deployment_id < d.id
    )
    UPDATE environments SET current_deployment_id = $2 WHERE id = $1`,
};

/** Makes a version the one that new runs take, once the transaction commits, and keeps where a rollback from it leads. Needs the lock of {@link lockEnvironment}. */
export async function setCurrentDeployment(tx: Queryable, environmentId: string, deploymentId: string): Promise<void> {
  await tx.query(statement, [environmentId, deploymentId]);
}

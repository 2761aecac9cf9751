import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "lock_environment",
  text: `SELECT slug, current_deployment_id FROM environments WHERE id = $1 FOR NO KEY UPDATE`,
};

/** What is needed of a locked environment. */
export interface LockedEnvironment {
  readonly slug: string;
  readonly current_deployment_id: string | null;
}

/** Makes changes to one environment's deployments and keys take turns until the transaction ends. Runs go on being triggered meanwhile. */
export async function lockEnvironment(tx: Queryable, environmentId: string): Promise<LockedEnvironment | undefined> {
  const [row] = await tx.query<LockedEnvironment>(statement, [environmentId]);
  return row;
}

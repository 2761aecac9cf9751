import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "select_newest_deployment_id",
  text: `SELECT id FROM deployments WHERE environment_id = $1 ORDER BY id DESC LIMIT 1`,
};

/** Of the version made last, current or not; undefined before the first. */
export async function selectNewestDeploymentId(db: Queryable, environmentId: string): Promise<string | undefined> {
  const [row] = await db.query<{ readonly id: string }>(statement, [environmentId]);
  return row?.id;
}

import type { Queryable } from "@windlass/chassis";
import type { DeploymentTaskRow } from "./deployment-row.ts";

const statement = {
  name: "insert_deployment_tasks",
  text: `
    INSERT INTO deployment_tasks (environment_id, deployment_id, task_id, file_path, export_name, queue,
      max_attempts, retry_factor, retry_min_ms, retry_max_ms, retry_randomize)
    SELECT $1, $2, t.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[],
      $7::int4[], $8::float8[], $9::int4[], $10::int4[], $11::bool[]) t`,
};

/** Stores what indexing found in a version. */
export async function insertDeploymentTasks(
  tx: Queryable,
  environmentId: string,
  deploymentId: string,
  tasks: readonly DeploymentTaskRow[],
): Promise<void> {
  const column = <K extends keyof DeploymentTaskRow>(name: K) => tasks.map((task) => task[name]);
  await tx.query(statement, [
    environmentId,
    deploymentId,
    column("task_id"),
    column("file_path"),
    column("export_name"),
    column("queue"),
    column("max_attempts"),
    column("retry_factor"),
    column("retry_min_ms"),
    column("retry_max_ms"),
    column("retry_randomize"),
  ]);
}

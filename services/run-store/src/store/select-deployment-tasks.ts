import type { Queryable } from "@windlass/chassis";
import type { DeploymentTaskRow } from "./deployment-row.ts";

const statement = {
  name: "select_deployment_tasks",
  text: `
    SELECT deployment_id, task_id, file_path, export_name, queue,
      max_attempts, retry_factor, retry_min_ms, retry_max_ms, retry_randomize,
      retry_out_of_memory_machine, retry_disabled_in_development, description, max_duration_s, machine, needs_fresh_process, is_scheduled, cron, cron_timezone, cron_catch_up, concurrency_limit,
      rate_limit, rate_period_ms, rate_is_per_key, max_length, payload_schema_json
    FROM deployment_tasks WHERE environment_id = $1 AND deployment_id = ANY ($2::text[])
    ORDER BY deployment_id, task_id`,
};

/** The tasks of some versions, by deployment id; each list ordered by task id. */
export async function selectDeploymentTasks(
  db: Queryable,
  environmentId: string,
  deploymentIds: readonly string[],
): Promise<Map<string, DeploymentTaskRow[]>> {
  const rows = await db.query<DeploymentTaskRow & { deployment_id: string }>(statement, [environmentId, deploymentIds]);
  return Map.groupBy(rows, (row) => row.deployment_id);
}

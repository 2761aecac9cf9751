import type { Queryable } from "@windlass/chassis";
import type { DeploymentTaskRow } from "./deployment-row.ts";

const statement = {
  name: "insert_deployment_tasks",
  text: `
    INSERT INTO deployment_tasks (environment_id, deployment_id, task_id, file_path, export_name, queue,
      max_attempts, retry_factor, retry_min_ms, retry_max_ms, retry_randomize,
      retry_out_of_memory_machine, retry_disabled_in_development, description, max_duration_s, machine, is_scheduled, cron, cron_timezone, cron_catch_up, concurrency_limit,
      rate_limit, rate_period_ms, rate_is_per_key, max_length, needs_fresh_process, payload_schema_json)
    SELECT $1, $2, t.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[],
      $7::int4[], $8::float8[], $9::int4[], $10::int4[], $11::bool[],
      $12::text[], $13::bool[], $14::text[], $15::int4[], $16::text[], $17::bool[], $18::text[], $19::text[], $20::catch_up[],
      $21::int4[], $22::int4[], $23::int4[], $24::bool[], $25::int4[], $26::bool[], $27::text[]) t`,
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
    column("retry_out_of_memory_machine"),
    column("retry_disabled_in_development"),
    column("description"),
    column("max_duration_s"),
    column("machine"),
    column("is_scheduled"),
    column("cron"),
    column("cron_timezone"),
    column("cron_catch_up"),
    column("concurrency_limit"),
    column("rate_limit"),
    column("rate_period_ms"),
    column("rate_is_per_key"),
    column("max_length"),
    column("needs_fresh_process"),
    column("payload_schema_json"),
  ]);
}

import type { Queryable, Statement } from "@windlass/chassis";

const HAS_CURRENT_TASK: Statement = {
  name: "has_current_task",
  text: `
SELECT FROM environments e JOIN deployment_tasks d ON d.environment_id = e.id AND d.deployment_id = e.current_deployment_id AND d.task_id = $2
WHERE e.id = $1`,
};

/** Whether the environment's current version has a task. */
export async function hasCurrentTask(db: Queryable, environmentId: string, taskId: string): Promise<boolean> {
  return (await db.query(HAS_CURRENT_TASK, [environmentId, taskId])).length > 0;
}

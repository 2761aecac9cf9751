import type { Queryable, Statement } from "@windlass/chassis";

/** A task of an environment. */
export interface TaskKey {
  readonly environmentId: string;
  readonly taskId: string;
}

/** Before every task. */
export const TASK_START: TaskKey = { environmentId: "", taskId: "" };

/** A task that runs wait for, and whether its environment's current version has it. */
export interface PendingTask extends TaskKey {
  readonly isDeployed: boolean;
}

// Steps from one task to the next in the index of waiting runs, however many runs wait for each.
const LIST_PENDING_TASKS: Statement = {
  name: "list_pending_tasks",
  text: `
WITH RECURSIVE pending AS (
  (SELECT environment_id, task_id, 1 AS step FROM runs
    WHERE status = 'PENDING_VERSION' AND (environment_id, task_id) > ($1, $2)
    ORDER BY environment_id, task_id LIMIT 1)
  UNION ALL
  SELECT following.environment_id, following.task_id, pending.step + 1
  FROM pending CROSS JOIN LATERAL (
    SELECT r.environment_id, r.task_id FROM runs r
    WHERE r.status = 'PENDING_VERSION' AND (r.environment_id, r.task_id) > (pending.environment_id, pending.task_id)
    ORDER BY r.environment_id, r.task_id LIMIT 1
  ) AS following
  WHERE pending.step < $3
)
SELECT p.environment_id AS "environmentId", p.task_id AS "taskId", d.task_id IS NOT NULL AS "isDeployed"
FROM pending p
JOIN environments e ON e.id = p.environment_id
LEFT JOIN deployment_tasks d ON d.environment_id = e.id AND d.deployment_id = e.current_deployment_id AND d.task_id = p.task_id
ORDER BY p.environment_id, p.task_id`,
};

/** A page of the tasks that runs in PENDING_VERSION wait for, after a task. */
export function listPendingTasks(
  db: Queryable,
  page: { readonly after: TaskKey; readonly limit: number },
): Promise<PendingTask[]> {
  return db.query<PendingTask>(LIST_PENDING_TASKS, [page.after.environmentId, page.after.taskId, page.limit]);
}

import type { Queryable } from "@windlass/chassis";

/** What a version says about how its task is executed. */
export interface TaskLimits {
  /** A machine preset. */
  readonly machine: string;
  /** Seconds that an attempt may run; 0: without limit. */
  readonly maxDurationSeconds: number;
  /** Each attempt is executed by a process of its own. */
  readonly needsFreshProcess: boolean;
}

const statement = {
  name: "select_task_limits",
  text: `
    SELECT machine, coalesce(max_duration_s, 0) AS "maxDurationSeconds", needs_fresh_process AS "needsFreshProcess"
    FROM deployment_tasks WHERE environment_id = $1 AND deployment_id = $2 AND task_id = $3`,
};

/** Undefined when the version lacks the task. */
export async function selectTaskLimits(
  db: Queryable,
  environmentId: string,
  deploymentId: string,
  taskId: string,
): Promise<TaskLimits | undefined> {
  const [row] = await db.query<TaskLimits>(statement, [environmentId, deploymentId, taskId]);
  return row;
}

import type { Queryable } from "@windlass/chassis";
import { selectTaskLimits, type TaskLimits } from "../store/select-task-limits.ts";

/** Reads what versions say about their tasks once; it never changes. */
export interface TaskLimitsCache {
  /** At once when it is known, which it is but for the first claim of a version's task. Null when the version lacks the task. */
  get(environmentId: string, deploymentId: string, taskId: string): TaskLimits | null | Promise<TaskLimits | null>;
}

/** Tasks of versions remembered; the oldest is forgotten first. */
const MAX_KNOWN = 10_000;

export function createTaskLimitsCache(db: Queryable): TaskLimitsCache {
  const known = new Map<string, TaskLimits | null>();

  const read = async (key: string, ...task: [string, string, string]): Promise<TaskLimits | null> => {
    const limits = (await selectTaskLimits(db, ...task)) ?? null;
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(key, limits);
    return limits;
  };

  return {
    get(environmentId, deploymentId, taskId) {
      const key = `${environmentId}/${deploymentId}/${taskId}`;
      const limits = known.get(key);
      return limits === undefined ? read(key, environmentId, deploymentId, taskId) : limits;
    },
  };
}

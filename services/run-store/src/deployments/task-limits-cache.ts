import type { Queryable } from "@windlass/chassis";
import { selectTaskLimits, type TaskLimits } from "../store/select-task-limits.ts";

/** Reads what versions say about their tasks once; it never changes. */
export interface TaskLimitsCache {
  /** At once when it is known, which it is but for the first claim of a version's task. */
  get(environmentId: string, deploymentId: string, taskId: string): TaskLimits | Promise<TaskLimits>;
}

/** Tasks of versions remembered; the oldest is forgotten first. */
const MAX_KNOWN = 10_000;

/** Of a run whose version lacks its task: the worker will say so. */
const UNKNOWN_TASK: TaskLimits = { machine: "small-1x", maxDurationSeconds: 0 };

export function createTaskLimitsCache(db: Queryable): TaskLimitsCache {
  const known = new Map<string, TaskLimits>();

  const read = async (key: string, ...task: [string, string, string]): Promise<TaskLimits> => {
    const limits = (await selectTaskLimits(db, ...task)) ?? UNKNOWN_TASK;
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(key, limits);
    return limits;
  };

  return {
    get(environmentId, deploymentId, taskId) {
      const key = `${environmentId}/${deploymentId}/${taskId}`;
      return known.get(key) ?? read(key, environmentId, deploymentId, taskId);
    },
  };
}

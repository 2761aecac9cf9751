import type { Clock, Component, Logger } from "@windlass/chassis";
import { createRepeatLoop } from "../repeat-loop.ts";
import { listPendingTasks, TASK_START, type TaskKey } from "../store/list-pending-tasks.ts";
import { type PromoteOptions, promoteTask } from "./promote-pending-runs.ts";

const INTERVAL_MS = 5_000;
const TASKS_PER_TURN = 1_000;

/**
 * Promotes what a crash left waiting: a process that died between a deployment's commit and its promotion, or between a trigger's commit and its second look.
 * Each turn looks at the next tasks that runs wait for, so its cost does not grow with their number.
 */
export function createPendingVersionLoop(
  options: PromoteOptions & { readonly clock: Clock; readonly logger: Logger },
): Component {
  let after: TaskKey = TASK_START;
  return createRepeatLoop({
    ...options,
    name: "pending versions",
    intervalMs: INTERVAL_MS,
    turn: async () => {
      const tasks = await listPendingTasks(options.db, { after, limit: TASKS_PER_TURN });
      for (const task of tasks) if (task.isDeployed) await promoteTask(options, task);
      after = tasks.length < TASKS_PER_TURN ? TASK_START : (tasks.at(-1) ?? TASK_START);
      return false;
    },
  });
}

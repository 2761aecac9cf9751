import { createBatcher, type Queryable } from "@windlass/chassis";
import type { AnnounceChanges } from "../announce-changes.ts";
import type { Feed } from "../feed/feed.ts";
import { listPendingTasks, type TaskKey } from "../store/list-pending-tasks.ts";
import { tellQueued } from "../queue/tell-queued.ts";
import { queuePendingRuns } from "../store/queue-pending-runs.ts";

/** Queues the environment's PENDING_VERSION runs whose tasks its current version has. Idempotent; resolves when none is left. */
export type PromotePendingRuns = (environmentId: string) => Promise<void>;

export interface PromoteOptions {
  readonly db: Queryable;
  readonly feed: Feed;
  readonly announce: AnnounceChanges;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
}

const TASKS_PER_PAGE = 1_000;
const RUNS_PER_STATEMENT = 1_000;

/**
 * The promoter called after a deployment's commit, and after triggers that found no version. Calls made while one look is under way share the next, so that a program
 * which triggers an unknown task all day costs one look at a time.
 */
export function createPromoter(options: PromoteOptions): PromotePendingRuns {
  const batcher = createBatcher<string, undefined>({
    name: "promotions",
    concurrency: 1,
    run: async (environmentIds) => {
      for (const environmentId of new Set(environmentIds)) await promoteEnvironment(options, environmentId);
      return environmentIds.map(() => undefined);
    },
  });
  return (environmentId) => batcher.submit(environmentId);
}

async function promoteEnvironment(options: PromoteOptions, environmentId: string): Promise<void> {
  let after: TaskKey = { environmentId, taskId: "" };
  for (;;) {
    const tasks = await listPendingTasks(options.db, { after, limit: TASKS_PER_PAGE });
    for (const task of tasks) {
      if (task.environmentId !== environmentId) return;
      if (task.isDeployed) await promoteTask(options, task);
    }
    const last = tasks.at(-1);
    if (last === undefined || tasks.length < TASKS_PER_PAGE) return;
    after = last;
  }
}

/** Queues the runs that wait for one task, if its environment's current version has it. */
export async function promoteTask(options: PromoteOptions, task: TaskKey): Promise<void> {
  const { db, hasOutbox } = options;
  for (;;) {
    const rows = await queuePendingRuns(db, task, { limit: RUNS_PER_STATEMENT, announce: hasOutbox });
    tellQueued(options, rows);
    if (rows.length < RUNS_PER_STATEMENT) return;
  }
}

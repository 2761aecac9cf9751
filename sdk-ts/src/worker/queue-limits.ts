import type { RegisteredTask } from "../task/task-registry.ts";

/** Two tasks say different things about the queue that they share. */
export class QueueLimitConflict extends Error {
  override readonly name: string = "QueueLimitConflict";
  /** The file of the second one. */
  readonly filePath: string;

  constructor(queue: string, first: RegisteredTask, second: RegisteredTask) {
    super(
      `the queue "${queue}" has a concurrencyLimit of ${first.queue.concurrencyLimit} in task "${first.id}" (${first.filePath}), ` +
        `and of ${second.queue.concurrencyLimit} in task "${second.id}" (${second.filePath}): define it once with queue()`,
    );
    this.filePath = second.filePath;
  }
}

/**
 * The limit of every queue that has one, by its name: what one task says holds for all that share the queue. Throws
 * QueueLimitConflict when two tasks say different things.
 */
export function queueLimits(tasks: readonly RegisteredTask[]): ReadonlyMap<string, number> {
  const limits = new Map<string, { readonly limit: number; readonly saidBy: RegisteredTask }>();
  for (const task of tasks) {
    const limit = task.queue.concurrencyLimit;
    if (limit === undefined) continue;
    const known = limits.get(queueNameOf(task));
    if (known !== undefined && known.limit !== limit)
      throw new QueueLimitConflict(queueNameOf(task), known.saidBy, task);
    limits.set(queueNameOf(task), known ?? { limit, saidBy: task });
  }
  return new Map([...limits].map(([name, { limit }]) => [name, limit]));
}

/** The queue that a task's runs wait in, also when it is the task's own. */
export function queueNameOf({ id, queue }: RegisteredTask): string {
  return queue.name === "" ? `task/${id}` : queue.name;
}

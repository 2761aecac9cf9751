import type { TaskQueue } from "../task/queue.ts";
import type { RegisteredTask } from "../task/task-registry.ts";

/** What tasks say about a queue. */
export type QueueSettings = Omit<TaskQueue, "name">;
type Setting = keyof QueueSettings;

/** Two tasks say different things about the queue that they share. */
export class QueueSettingConflict extends Error {
  override readonly name: string = "QueueSettingConflict";
  /** The file of the second one. */
  readonly filePath: string;

  constructor(setting: Setting, first: RegisteredTask, second: RegisteredTask) {
    super(
      `the queue "${queueNameOf(first)}" has a ${setting} of ${settingText(first, setting)} in task "${first.id}" (${first.filePath}), ` +
        `and of ${settingText(second, setting)} in task "${second.id}" (${second.filePath}): define it once with queue()`,
    );
    this.filePath = second.filePath;
  }
}

const SETTINGS = ["concurrencyLimit", "rateLimit", "maxLength"] as const satisfies Setting[];

/**
 * What is said of every queue, by its name: what one task says holds for all that share the queue. Throws
 * QueueSettingConflict when two tasks say different things.
 */
export function queueSettings(tasks: readonly RegisteredTask[]): ReadonlyMap<string, QueueSettings> {
  const said = new Map<string, { readonly [S in Setting]?: RegisteredTask }>();
  for (const task of tasks) {
    const sayers = { ...said.get(queueNameOf(task)) };
    for (const setting of SETTINGS) {
      if (task.queue[setting] === undefined) continue;
      const sayer = (sayers[setting] ??= task);
      if (settingText(sayer, setting) !== settingText(task, setting))
        throw new QueueSettingConflict(setting, sayer, task);
    }
    said.set(queueNameOf(task), sayers);
  }
  return new Map(
    [...said].map(([name, { concurrencyLimit, rateLimit, maxLength }]) => [
      name,
      {
        concurrencyLimit: concurrencyLimit?.queue.concurrencyLimit,
        rateLimit: rateLimit?.queue.rateLimit,
        maxLength: maxLength?.queue.maxLength,
      },
    ]),
  );
}

/** The queue that a task's runs wait in, also when it is the task's own. */
export function queueNameOf({ id, queue }: RegisteredTask): string {
  return queue.name === "" ? `task/${id}` : queue.name;
}

function settingText({ queue }: RegisteredTask, setting: Setting): string {
  if (setting !== "rateLimit") return String(queue[setting]);
  const { rateLimit } = queue;
  if (rateLimit === undefined) return "nothing";
  return `${rateLimit.limit} per ${rateLimit.periodMs / 1_000} s${rateLimit.isPerKey ? " and key" : ""}`;
}

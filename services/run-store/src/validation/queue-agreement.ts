import type { Violation } from "@windlass/proto/grpc";
import { quote } from "./quote.ts";
import type { ParsedRateLimit } from "./rate-limit.ts";

/** What a task says of its queue; null: nothing. */
interface QueueDeclaration {
  readonly id: string;
  readonly queue: string;
  readonly queueConcurrencyLimit: number | null;
  readonly queueRateLimit: ParsedRateLimit | null;
  readonly queueMaxLength: number | null;
}

const SETTINGS = [
  ["queue_concurrency_limit", (task: QueueDeclaration) => task.queueConcurrencyLimit],
  ["queue_rate_limit", (task: QueueDeclaration) => task.queueRateLimit],
  ["queue_max_length", (task: QueueDeclaration) => task.queueMaxLength],
] as const;

/** Notes when two tasks of one queue say different things of it. One that says nothing of a setting agrees with any. */
export function checkQueuesAgree(tasks: readonly QueueDeclaration[], violations: Violation[]): void {
  for (const [field, settingOf] of SETTINGS) {
    const first = new Map<string, { readonly taskId: string; readonly setting: string }>();
    for (const [index, task] of tasks.entries()) {
      const value = settingOf(task);
      if (value === null) continue;
      const setting = JSON.stringify(value);
      const other = first.get(task.queue);
      if (other === undefined) first.set(task.queue, { taskId: task.id, setting });
      else if (other.setting !== setting) {
        violations.push({
          field: `header.tasks[${index}].${field}`,
          description: `must be that of the other tasks of the queue ${quote(task.queue)}; ${quote(other.taskId)} says ${other.setting}, ${quote(task.id)} says ${setting}.`,
        });
      }
    }
  }
}

import type { CheckedCron } from "../schedule/cron.ts";
import type { AnyHook, HookName } from "./hook-types.ts";
import type { Isolation } from "./isolation.ts";
import type { MachinePresetName } from "./machine.ts";
import type { PayloadParser } from "./payload-parser.ts";
import type { PayloadDescription } from "./payload-schema.ts";
import { processGlobal } from "./process-global.ts";
import type { TaskQueue } from "./queue.ts";
import type { RetryPolicy } from "./retry-options.ts";

/** A defined task, stripped of its types. */
export interface RegisteredTask {
  readonly id: string;
  /** Relative to the task folder; empty when the process was not started from a bundle. */
  readonly filePath: string;
  /** What `task()` returned, to be found among a file's exports. */
  readonly handle: object;
  readonly description: string;
  readonly queue: TaskQueue;
  /** The task's options over the project's over the built-in ones. */
  readonly retry: RetryPolicy;
  /** True: in a DEVELOPMENT environment no attempt is repeated. */
  readonly isRetryDisabledInDevelopment: boolean;
  /** Seconds that an attempt may run; undefined: without limit. */
  readonly maxDurationS: number | undefined;
  readonly machine: MachinePresetName | undefined;
  readonly isolation: Isolation;
  /** True: its payload is a tick of a schedule. */
  readonly isScheduled: boolean;
  /** The schedule that it declares; undefined: none. */
  readonly cron: CheckedCron | undefined;
  readonly run: AnyHook;
  readonly hooks: Partial<Record<HookName, AnyHook>>;
  /** Checks and transforms what the task was triggered with; absent: anything will do. */
  readonly parsePayload?: PayloadParser;
  /** What a payload looks like, as JSON Schema; absent: nothing is known. Asked at deployment only. */
  readonly describePayload?: () => PayloadDescription;
}

/** The tasks of this process. */
class TaskRegistry {
  readonly #tasks = new Map<string, RegisteredTask>();
  /** The task file that is being loaded. The bundler makes every task file say so on its first line. */
  #loadingFile = "";

  /** Called as a task file begins to run, after the files that it imports. */
  enterFile(filePath: string): void {
    this.#loadingFile = filePath;
  }

  get loadingFile(): string {
    return this.#loadingFile;
  }

  /**
   * Adds a task. In a bundle two tasks must not share an id: the second throws, naming both files. Elsewhere the new
   * one replaces the old, because development servers load changed files again.
   */
  register(task: RegisteredTask): void {
    const other = this.#tasks.get(task.id);
    if (other !== undefined && task.filePath !== "") {
      throw new Error(
        `two tasks have the id "${task.id}": one in ${other.filePath}, another in ${task.filePath}. Ids must be unique.`,
      );
    }
    this.#tasks.set(task.id, task);
  }

  get(id: string): RegisteredTask | undefined {
    return this.#tasks.get(id);
  }

  list(): RegisteredTask[] {
    return [...this.#tasks.values()];
  }
}

export const taskRegistry = processGlobal("tasks", () => new TaskRegistry());

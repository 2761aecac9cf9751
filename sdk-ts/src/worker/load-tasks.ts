import { create } from "@bufbuild/protobuf";
import { type RunError, RunErrorCode, type TaskDefinition, TaskDefinitionSchema } from "@windlass/proto";
import { definedFields } from "../task/check-options.ts";
import { globalHooks } from "../task/hook-registry.ts";
import { hookNames } from "../task/hook-types.ts";
import { projectDefaults } from "../task/project-defaults.ts";
import { configExport, readConfig } from "../task/read-config.ts";
import { type RegisteredTask, taskRegistry } from "../task/task-registry.ts";
import { durationFromMs } from "./protocol-time.ts";
import { QueueSettingConflict, queueNameOf, type QueueSettings, queueSettings } from "./queue-settings.ts";
import { limitMessage, serializeError } from "./serialize-error.ts";

/** One file of the task folder, in the order in which the bundler wants them loaded: the config, init files, task files. */
export interface TaskFile {
  /** Relative to the task folder; a config has its name only. */
  readonly path: string;
  readonly kind: "config" | "tasks";
  readonly load: () => Promise<Readonly<Record<string, unknown>>>;
}

export type LoadedTasks =
  | { readonly ok: true; readonly definitions: TaskDefinition[]; readonly tasks: readonly RegisteredTask[] }
  | { readonly ok: false; readonly importError: RunError };

/**
 * Loads the task files one after another, and stops at the first that throws: the version is then unusable, and the
 * error says which file it was.
 */
export async function loadTasks(loadFiles: () => Promise<readonly TaskFile[]>): Promise<LoadedTasks> {
  let loading = "the bundle";
  const exportNames = new Map<object, string>();
  try {
    for (const file of await loadFiles()) {
      loading = file.path;
      const exports = await file.load();
      if (file.kind === "config") applyConfig(configExport(exports));
      for (const [name, value] of Object.entries(exports)) rememberExport(exportNames, name, value);
    }
  } catch (thrown) {
    return { ok: false, importError: importErrorIn(loading, thrown) };
  } finally {
    taskRegistry.enterFile("");
  }
  const tasks = taskRegistry.list();
  try {
    const settings = queueSettings(tasks);
    return {
      ok: true,
      tasks,
      definitions: tasks.map((task) =>
        definitionOf(task, exportNames.get(task.handle) ?? "", settings.get(queueNameOf(task))),
      ),
    };
  } catch (error) {
    if (error instanceof QueueSettingConflict) return { ok: false, importError: importErrorIn(error.filePath, error) };
    throw error;
  }
}

/** Sets the project's defaults for the tasks that follow, and registers the config's hooks before all others. */
function applyConfig(exported: unknown): void {
  const { defaults, hooks } = readConfig(exported, { needsProject: false });
  projectDefaults.current = defaults;
  for (const name of hookNames) {
    const fn = hooks[name];
    if (fn !== undefined) globalHooks.register(name, { name: "config", fn });
  }
}

/** The error as it makes a version unusable. */
export function importErrorIn(file: string, thrown: unknown): RunError {
  const error = serializeError(thrown, RunErrorCode.TASK_IMPORT_ERROR);
  error.message = limitMessage(`${file}: ${error.message}`);
  return error;
}

/** The first export counts: a file that re-exports the tasks of others comes later, or names them the same. */
function rememberExport(exportNames: Map<object, string>, name: string, value: unknown): void {
  if (typeof value === "object" && value !== null && !exportNames.has(value)) exportNames.set(value, name);
}

function definitionOf(task: RegisteredTask, exportName: string, settings: QueueSettings | undefined): TaskDefinition {
  const { id, filePath, description, queue, retry, maxDurationS, machine } = task;
  return create(TaskDefinitionSchema, {
    id,
    filePath,
    exportName,
    description,
    queue: queue.name,
    ...definedFields({
      queueConcurrencyLimit: settings?.concurrencyLimit,
      queueRateLimit: rateLimitOf(settings),
      queueMaxLength: settings?.maxLength,
      cron: task.cron,
    }),
    isScheduled: task.isScheduled,
    maxDurationSeconds: maxDurationS ?? 0,
    machine: machine ?? "",
    needsFreshProcess: task.isolation === "fresh",
    retry: {
      maxAttempts: retry.maxAttempts,
      factor: retry.factor,
      minTimeoutMs: BigInt(Math.round(retry.minTimeoutInMs)),
      maxTimeoutMs: BigInt(Math.round(retry.maxTimeoutInMs)),
      randomize: retry.randomize,
      outOfMemoryMachine: retry.outOfMemory?.machine ?? "",
      isDisabledInDevelopment: task.isRetryDisabledInDevelopment,
    },
  });
}

function rateLimitOf(settings: QueueSettings | undefined) {
  if (settings?.rateLimit === undefined) return undefined;
  const { limit, periodMs, isPerKey } = settings.rateLimit;
  return { limit, period: durationFromMs(periodMs), isPerKey };
}

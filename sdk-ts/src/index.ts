// What task files and the programs that trigger tasks import.
export type { ClientConfig } from "./client/client-config.ts";
export { close, configure } from "./client/connection.ts";
export type { RunEvent } from "./client/run-event.ts";
export type {
  AttemptOutcomeName,
  AttemptSnapshot,
  RunErrorCodeName,
  RunErrorDetails,
  RunSnapshot,
  RunStatusName,
} from "./client/run-snapshot.ts";
export { runs, type WaitOptions } from "./client/runs.ts";
export type { TriggerOptions } from "./client/trigger-options.ts";
export { WindlassError, type WindlassErrorReason } from "./client/windlass-error.ts";
export { AbortTaskRunError } from "./task/abort-task-run-error.ts";
export type { TaskContext } from "./task/context.ts";
export { type BuildConfig, defineConfig, type ProjectConfig } from "./task/define-config.ts";
export type { HandleErrorDecision, InitData, TaskResult, TaskWait } from "./task/hook-types.ts";
export { locals, type LocalsKey } from "./task/locals.ts";
export { logger } from "./task/logger.ts";
export type { RetryOptions } from "./task/retry-options.ts";
export type { TaskOptions } from "./task/task-options.ts";
export type { MachineOption, MachinePresetName } from "./task/machine.ts";
export { PayloadInvalid, type PayloadIssue } from "./task/payload-invalid.ts";
export { queue, type QueueDefinition, type QueueOption } from "./task/queue.ts";
export { schemaTask, type SchemaTaskOptions } from "./task/schema-task.ts";
export { task } from "./task/task.ts";
export type { AnyTask, RunHandle, Task, TaskIdentifier, TaskOutput, TaskPayload } from "./task/task-types.ts";
export { tasks } from "./task/tasks.ts";

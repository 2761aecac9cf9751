// What task files and the programs that trigger tasks import.
export { auth, type PublicTokenOptions } from "./client/auth.ts";
export type { BatchSnapshot, FailedItemSnapshot } from "./client/batches.ts";
export type { DebounceOption } from "./client/check-debounce.ts";
export type { ClientConfig } from "./client/client-config.ts";
export { close, configure } from "./client/connection.ts";
export type { HoldReasonName, HoldSnapshot } from "./client/hold-snapshot.ts";
export type { HookSnapshot } from "./client/hook-snapshot.ts";
export type { RunFilter } from "./client/list-runs.ts";
export type { Page, PagePromise } from "./client/pages.ts";
export type { RunErrorCodeName, RunErrorDetails } from "./client/run-error-details.ts";
export type { RunEvent, WaitSnapshot } from "./client/run-event.ts";
export type {
  AttemptOutcomeName,
  AttemptSnapshot,
  DebounceSnapshot,
  RunOptionsSnapshot,
  RunSnapshot,
  RunStatusName,
} from "./client/run-snapshot.ts";
export { runs, type WaitOptions } from "./client/runs.ts";
export type { TriggerOptions } from "./client/trigger-options.ts";
export { WindlassError, type WindlassErrorReason } from "./client/windlass-error.ts";
export type { DeployedTask, DeploymentSnapshot } from "./deployment/deployment-snapshot.ts";
export { type DeploymentReference, deployments } from "./deployment/deployments.ts";
export type { MetadataObject, MetadataValue } from "./content/metadata-content.ts";
export {
  type CreateVariableParams,
  type EnvironmentVariable,
  envvars,
  type UpdateVariableParams,
  type UploadVariablesParams,
} from "./environment/envvars.ts";
export type { QueueSnapshot } from "./queue/queue-snapshot.ts";
export { type QueueReference, queues } from "./queue/queues.ts";
export type { BackoffStrategy, FetchRetryOptions, HeadersStrategy } from "./retry/fetch-options.ts";
export type { RetryFetchInit } from "./retry/fetch.ts";
export type { OnThrowOptions, OnThrowParams } from "./retry/on-throw.ts";
export { retry } from "./retry/retry.ts";
export { idempotencyKeys, type IdempotencyScope } from "./run/idempotency-keys.ts";
export { metadata, type Metadata } from "./run/metadata.ts";
export { tags } from "./run/tags.ts";
export { timeout } from "./run/timeout.ts";
export { type ComputeUsage, type RunUsage, usage } from "./run/usage.ts";
export type { CatchUpName } from "./schedule/catch-up.ts";
export type { CronOption } from "./schedule/cron.ts";
export type { ScheduleSnapshot } from "./schedule/schedule-snapshot.ts";
export type { ScheduleTaskOptions } from "./schedule/schedule-task.ts";
export type { ScheduleTick, ScheduleTypeName } from "./schedule/schedule-tick.ts";
export {
  type CreateScheduleOptions,
  type ScheduleFilter,
  type ScheduleReference,
  schedules,
  type UpdateScheduleOptions,
} from "./schedule/schedules.ts";
export { AbortTaskRunError } from "./task/abort-task-run-error.ts";
export type { TaskContext } from "./task/context.ts";
export { type BuildConfig, defineConfig, type ProjectConfig } from "./task/define-config.ts";
export type { HandleErrorDecision, InitData, TaskResult, TaskWait } from "./task/hook-types.ts";
export { locals, type LocalsKey } from "./task/locals.ts";
export { logger } from "./task/logger.ts";
export type { RetryOptions } from "./task/retry-options.ts";
export type { TaskOptions } from "./task/task-options.ts";
export type { Isolation } from "./task/isolation.ts";
export type { MachineOption, MachinePresetName } from "./task/machine.ts";
export { PayloadInvalid, type PayloadIssue } from "./task/payload-invalid.ts";
export { queue, type QueueDefinition, type QueueLimits, type QueueOption, type RateLimitOption } from "./task/queue.ts";
export type { JsonSchema } from "./task/payload-schema.ts";
export { type PayloadSchema, schemaTask, type SchemaTaskOptions } from "./task/schema-task.ts";
export { task } from "./task/task.ts";
export type {
  AnyTask,
  BatchHandle,
  BatchItem,
  BatchItems,
  BatchResult,
  FailedBatchItem,
  RunHandle,
  Task,
  TaskIdentifier,
  TaskOutput,
  TaskPayload,
  TaskRunPromise,
  TaskRunResult,
} from "./task/task-types.ts";
export { tasks } from "./task/tasks.ts";
export {
  batch,
  type BatchItemById,
  type BatchItemByTask,
  type MixedBatchHandle,
  type MixedBatchResult,
} from "./wait/batch.ts";
export { SubtaskUnwrapError } from "./wait/subtask-unwrap-error.ts";
export { TaskRunError } from "./wait/task-run-result.ts";
export type { TokenSnapshot } from "./wait/token-snapshot.ts";
export type { CreatedToken, CreateTokenOptions, TokenReference } from "./wait/tokens.ts";
export { type TokenResult, type TokenResultPromise, WaitpointTimeoutError } from "./wait/wait-for-token.ts";
export type { WaitForOptions } from "./wait/wait-date.ts";
export { wait } from "./wait/wait.ts";

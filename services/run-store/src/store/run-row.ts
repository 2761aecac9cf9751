import type { runs } from "./schema.ts";

/** The columns of a run that the API shows, for `FROM runs r LEFT JOIN deployments d` as in {@link RUN_SOURCE}. */
export const RUN_COLUMNS = `
  r.environment_id, r.id, r.task_id, r.status, r.revision, r.queue, d.version, r.attempt_number, r.max_attempts,
  r.create_time, r.start_time, r.finish_time, r.due_time, r.cancel_request_time, r.cancel_reason,
  r.tags, r.is_test, r.traceparent`;

/** Runs with the version they are pinned to. */
export const RUN_SOURCE = `
  runs r LEFT JOIN deployments d ON d.environment_id = r.environment_id AND d.id = r.deployment_id`;

/** A run without its payload, output and error. */
export type RunRow = Pick<
  typeof runs.$inferSelect,
  | "environment_id"
  | "id"
  | "task_id"
  | "status"
  | "revision"
  | "queue"
  | "attempt_number"
  | "max_attempts"
  | "create_time"
  | "start_time"
  | "finish_time"
  | "due_time"
  | "cancel_request_time"
  | "cancel_reason"
  | "tags"
  | "is_test"
  | "traceparent"
> & {
  /** Of the deployment it is pinned to; null before the first attempt. */
  readonly version: string | null;
};

import type { RunStatusName } from "../run-state.ts";
import { lookUp, microseconds } from "./sql.ts";

/** A run as it goes, without what it was triggered with, output and error. */
export interface RunRow {
  readonly id: string;
  readonly task_id: string;
  readonly status: RunStatusName;
  readonly revision: number;
  readonly queue: string | null;
  /** Of the deployment it is pinned to; null before the first attempt. */
  readonly version: string | null;
  readonly attempt_number: number;
  readonly max_attempts: number | null;
  readonly create_time_us: number;
  readonly start_time_us: number | null;
  readonly finish_time_us: number | null;
  readonly due_time_us: number | null;
  readonly expire_time_us: number | null;
  readonly cancel_request_time_us: number | null;
  readonly cancel_reason: string | null;
  readonly tags: string[];
  readonly is_test: boolean;
  readonly traceparent: string;
}

/** Its columns, from {@link RUN_SOURCE}. */
export const RUN_COLUMNS = `
  r.id, r.task_id, r.status, r.revision::float8, r.queue, d.version, r.attempt_number, r.max_attempts,
  ${microseconds("r.create_time")} AS create_time_us, ${microseconds("r.start_time")} AS start_time_us,
  ${microseconds("r.finish_time")} AS finish_time_us, ${microseconds("r.due_time")} AS due_time_us,
  ${microseconds("r.expire_time")} AS expire_time_us,
  ${microseconds("r.cancel_request_time")} AS cancel_request_time_us, r.cancel_reason, r.tags, r.is_test, r.traceparent`;

/** Runs with the version they are pinned to. */
export const RUN_SOURCE = `
  runs r LEFT JOIN deployments d ON d.environment_id = r.environment_id AND d.id = r.deployment_id`;

/** A run with what it was triggered with, but for its payload. */
export interface DetailedRunRow extends RunRow {
  /** Of the current or next attempt; null while no version says which. */
  readonly machine: string | null;
  /** An encoded windlass.v1.RunOptions without metadata; null when nothing was given. */
  readonly options: Uint8Array | null;
  readonly parent_run_id: string | null;
  readonly root_run_id: string | null;
  readonly replay_of_run_id: string | null;
  readonly schedule_id: string | null;
}

/** The machine preset of `runs r`: its own, or what its version, or else the current one, says. `current`: the id of that, when it is at hand. */
export function machineColumn(
  current = `(SELECT e.current_deployment_id FROM environments e WHERE ${lookUp("e.id", "r.environment_id")})`,
): string {
  return `coalesce(r.machine, (
    SELECT t.machine FROM deployment_tasks t
    WHERE ${lookUp("t.environment_id", "r.environment_id")} AND ${lookUp("t.deployment_id", `coalesce(r.deployment_id, ${current})`)}
      AND ${lookUp("t.task_id", "r.task_id")}
  )) AS machine`;
}

/** What its `run_contents c` add. */
export const CONTENT_COLUMNS = "c.options, c.parent_run_id, c.root_run_id, c.replay_of_run_id, c.schedule_id";

/** Its columns, from {@link DETAILED_RUN_SOURCE}. */
export const DETAILED_RUN_COLUMNS = `${RUN_COLUMNS}, ${machineColumn()}, ${CONTENT_COLUMNS}`;

/** Runs with their version and what they were triggered with. */
export const DETAILED_RUN_SOURCE = `
  ${RUN_SOURCE} JOIN run_contents c ON c.environment_id = r.environment_id AND c.run_id = r.id`;

import { RunStatus } from "@windlass/proto";

/** Every status a run can have, in the order of the proto enum. The words are the ones in the `runs.status` column. */
export const RUN_STATUSES = [
  "DELAYED",
  "PENDING_VERSION",
  "QUEUED",
  "EXECUTING",
  "WAITING",
  "RETRYING",
  "CANCELING",
  "COMPLETED",
  "FAILED",
  "CRASHED",
  "SYSTEM_FAILURE",
  "TIMED_OUT",
  "CANCELED",
  "EXPIRED",
] as const;

export type RunStatusName = (typeof RUN_STATUSES)[number];

/** The statuses that end a run; none of them ever changes (I3). */
export const TERMINAL_STATUSES = [
  "COMPLETED",
  "FAILED",
  "CRASHED",
  "SYSTEM_FAILURE",
  "TIMED_OUT",
  "CANCELED",
  "EXPIRED",
] as const satisfies readonly RunStatusName[];

/** The statuses in which a supervisor holds the run's lease. */
export const LEASED_STATUSES = ["EXECUTING", "CANCELING"] as const satisfies readonly RunStatusName[];

/** The statuses in which a run waits for `due_time`. */
export const TIMED_STATUSES = ["DELAYED", "RETRYING"] as const satisfies readonly RunStatusName[];

/** How an attempt can end, in the order of the proto enum. */
export const ATTEMPT_OUTCOMES = ["SUCCEEDED", "FAILED", "CRASHED", "LOST", "CANCELED", "CANCEL_FORCED"] as const;

export type AttemptOutcomeName = (typeof ATTEMPT_OUTCOMES)[number];

/** The word in the database for a status on the wire. Throws on UNSPECIFIED and on numbers this build does not know: validate first. */
export function runStatusFromProto(status: RunStatus): RunStatusName {
  const name = RUN_STATUSES[status - 1];
  if (name === undefined) throw new RangeError(`no run status has the number ${status}`);
  return name;
}

/** The number on the wire for a status in the database. */
export function runStatusToProto(status: RunStatusName): RunStatus {
  return RUN_STATUS_NUMBERS[status];
}

const RUN_STATUS_NUMBERS = Object.fromEntries(RUN_STATUSES.map((name, index) => [name, index + 1])) as Record<
  RunStatusName,
  RunStatus
>;

import { AttemptOutcome, RunStatus } from "@windlass/proto";

/** Every status a run can have, in the order of the proto enum and of the database's. Those that end a run come last. */
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
export const TERMINAL_STATUSES = RUN_STATUSES.slice(RUN_STATUSES.indexOf("COMPLETED"));

/** How an attempt can end, in the order of the proto enum. */
export const ATTEMPT_OUTCOMES = [
  "SUCCEEDED",
  "FAILED",
  "CRASHED",
  "LOST",
  "CANCELED",
  "CANCEL_FORCED",
  "TIMED_OUT",
] as const;

export type AttemptOutcomeName = (typeof ATTEMPT_OUTCOMES)[number];

/**
 * What can happen to a run: its version was deployed, its moment came, it was claimed, its lease was given back unstarted, a cancel was asked for; or its attempt
 * ended, with a success, with a next attempt to follow, or for good: as the task's failure, the process's, the platform's, or by a cancel.
 */
export const RUN_TRANSITIONS = [
  "deploy",
  "come due",
  "claim",
  "release",
  "cancel",
  "complete",
  "retry",
  "fail",
  "crash",
  "fail system",
  "end canceled",
] as const;

export type RunTransition = (typeof RUN_TRANSITIONS)[number];

/**
 * The state machine: what each status becomes. What is not here cannot happen. This is the only place that says so: use cases ask it, SQL applies its answer to the
 * row under a guard (the lease token, or the status itself), and the diagram in README.md is tested against it.
 *
 * DELAYED, WAITING, TIMED_OUT and EXPIRED are reserved by the protocol; nothing leads there yet.
 */
const NEXT_STATUS: Readonly<Record<RunStatusName, Partial<Readonly<Record<RunTransition, RunStatusName>>>>> = {
  DELAYED: { "come due": "QUEUED", cancel: "CANCELED" },
  PENDING_VERSION: { deploy: "QUEUED", cancel: "CANCELED" },
  QUEUED: { claim: "EXECUTING", cancel: "CANCELED" },
  EXECUTING: {
    release: "QUEUED",
    cancel: "CANCELING",
    complete: "COMPLETED",
    retry: "RETRYING",
    fail: "FAILED",
    crash: "CRASHED",
    "fail system": "SYSTEM_FAILURE",
    "end canceled": "CANCELED",
  },
  WAITING: { cancel: "CANCELED" },
  RETRYING: { "come due": "QUEUED", cancel: "CANCELED" },
  // However the attempt ends, the cancel that was asked for is what ends the run.
  CANCELING: {
    release: "CANCELED",
    complete: "CANCELED",
    retry: "CANCELED",
    fail: "CANCELED",
    crash: "CANCELED",
    "fail system": "CANCELED",
    "end canceled": "CANCELED",
  },
  COMPLETED: {},
  FAILED: {},
  CRASHED: {},
  SYSTEM_FAILURE: {},
  TIMED_OUT: {},
  CANCELED: {},
  EXPIRED: {},
};

/** What a run becomes; undefined when that cannot happen to it, and then it stays as it is. */
export function nextStatus(status: RunStatusName, transition: RunTransition): RunStatusName | undefined {
  return NEXT_STATUS[status][transition];
}

/** The statuses to which a transition can happen. */
export function statusesBefore(transition: RunTransition): RunStatusName[] {
  return RUN_STATUSES.filter((status) => nextStatus(status, transition) !== undefined);
}

export function isTerminal(status: RunStatusName): boolean {
  return TERMINAL_STATUSES.includes(status);
}

/** The word in the database for a status on the wire. Throws on UNSPECIFIED and on numbers this build does not know: validate first. */
export function runStatusFromProto(status: RunStatus): RunStatusName {
  const name = RUN_STATUSES[status - RunStatus.DELAYED];
  if (name === undefined) throw new RangeError(`no run status has the number ${status}`);
  return name;
}

/** The number on the wire for a status in the database. */
export function runStatusToProto(status: RunStatusName): RunStatus {
  return RunStatus[status];
}

/** The word in the database for an outcome on the wire; undefined for UNSPECIFIED and for numbers this build does not know. */
export function attemptOutcomeFromProto(outcome: AttemptOutcome): AttemptOutcomeName | undefined {
  return ATTEMPT_OUTCOMES[outcome - AttemptOutcome.SUCCEEDED];
}

/** The number on the wire for an outcome in the database. */
export function attemptOutcomeToProto(outcome: AttemptOutcomeName): AttemptOutcome {
  return AttemptOutcome[outcome];
}

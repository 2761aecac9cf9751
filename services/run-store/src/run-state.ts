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

/** Those that free the idempotency key of the run (I7): its next trigger is a new try. A run that is COMPLETED or CANCELED keeps its key. */
export const KEY_FREEING_STATUSES = ["FAILED", "CRASHED", "SYSTEM_FAILURE", "TIMED_OUT", "EXPIRED"] as const;

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
 * Where a run is for the state machine: its status, but that a QUEUED run of which a supervisor has the suspended process is RESUMABLE. In the database that is a QUEUED
 * run with a `wait_id`.
 */
export const RUN_STATES = [...RUN_STATUSES, "RESUMABLE"] as const;

export type RunState = (typeof RUN_STATES)[number];

/**
 * What can happen to a run: its version was deployed; its moment came, with a version that knows its task or without one; it was claimed; its attempt was suspended by a
 * wait, or its wait is over; its lease was given back unstarted, or the lease that was to continue it was; it was claimed for a version that lacks its task; its time to live was over before it began; a cancel was asked for; or its attempt ended, with a success,
 * with a next attempt to follow, or for good: as the task's failure, the process's, the platform's, by its time limit, or by a cancel.
 */
export const RUN_TRANSITIONS = [
  "deploy",
  "come due",
  "come due without version",
  "claim",
  "suspend",
  "resume",
  "release",
  "release resumed",
  "lack version",
  "expire",
  "cancel",
  "complete",
  "retry",
  "fail",
  "crash",
  "fail system",
  "time out",
  "end canceled",
] as const;

export type RunTransition = (typeof RUN_TRANSITIONS)[number];

/** However an attempt ends: under its lease, hence also while its process is suspended, or about to be continued. */
const ENDS_OF_ATTEMPTS = {
  complete: "COMPLETED",
  retry: "RETRYING",
  fail: "FAILED",
  crash: "CRASHED",
  "fail system": "SYSTEM_FAILURE",
  "time out": "TIMED_OUT",
  "end canceled": "CANCELED",
} as const;

/**
 * The state machine: what each state becomes. What is not here cannot happen. This is the only place that says so: use cases ask it, SQL applies its answer to the
 * row under a guard (the lease token, or the status itself), and the diagram in README.md is tested against it.
 */
const NEXT_STATE: Readonly<Record<RunState, Partial<Readonly<Record<RunTransition, RunState>>>>> = {
  DELAYED: {
    "come due": "QUEUED",
    "come due without version": "PENDING_VERSION",
    expire: "EXPIRED",
    cancel: "CANCELED",
  },
  PENDING_VERSION: { deploy: "QUEUED", expire: "EXPIRED", cancel: "CANCELED" },
  QUEUED: { claim: "EXECUTING", expire: "EXPIRED", cancel: "CANCELED" },
  EXECUTING: {
    suspend: "WAITING",
    release: "QUEUED",
    "release resumed": "RESUMABLE",
    "lack version": "PENDING_VERSION",
    cancel: "CANCELING",
    ...ENDS_OF_ATTEMPTS,
  },
  WAITING: { resume: "RESUMABLE", cancel: "CANCELING", ...ENDS_OF_ATTEMPTS },
  RESUMABLE: { claim: "EXECUTING", cancel: "CANCELING", ...ENDS_OF_ATTEMPTS },
  RETRYING: { "come due": "QUEUED", cancel: "CANCELED" },
  // However the attempt ends, the cancel that was asked for is what ends the run. One whose process is suspended still has to hear of it.
  CANCELING: {
    release: "CANCELED",
    "release resumed": "CANCELING",
    "lack version": "CANCELED",
    complete: "CANCELED",
    retry: "CANCELED",
    fail: "CANCELED",
    crash: "CANCELED",
    "fail system": "CANCELED",
    "time out": "CANCELED",
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
export function nextState(state: RunState, transition: RunTransition): RunState | undefined {
  return NEXT_STATE[state][transition];
}

/** The states to which a transition can happen. */
export function statesBefore(transition: RunTransition): RunState[] {
  return RUN_STATES.filter((state) => nextState(state, transition) !== undefined);
}

/** The status of a run in a state. */
export function statusOf(state: RunState): RunStatusName {
  return state === "RESUMABLE" ? "QUEUED" : state;
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

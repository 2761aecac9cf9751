// The state machine and its leases as a model: what should be true of runs after whatever was done to them. model.test.ts compares it with the database.
import type { Lease } from "@windlass/proto";
import { type AttemptOutcomeName, nextState, type RunState, type RunTransition } from "../run-state.ts";

/** Of the task whose runs are compared. */
const MAX_ATTEMPTS = 3;

/** A lease, and whose it is. */
interface ModelLease {
  readonly lease: Lease;
  readonly supervisorId: string;
}

/** What should be true of a run. */
export interface ModelRun {
  readonly id: string;
  state: RunState;
  attempt: number;
  /** The lease that is valid, if any. */
  lease: ModelLease | undefined;
  /** The attempt's last wait, and the lease under which it was suspended. */
  wait: { readonly id: string; readonly lease: ModelLease } | undefined;
  /** Leases it has had, none of which may do anything any more. */
  readonly stale: (ModelLease & { readonly outcome: AttemptOutcomeName | undefined })[];
}

/** What should be true of all runs, and of what they depend on. */
export interface Model {
  readonly runs: ModelRun[];
  readonly alive: Set<string>;
  readonly requests: Map<string, string>;
  /** Tokens of the leases that hold a slot, as the queue counts them: its own claims, less those that it was told are free (I4). */
  readonly slots: Set<string>;
  epoch: bigint;
  oldEpoch: bigint;
  /** Whether the version that some triggers wait for is there. */
  isDeployed: boolean;
}

/** Picks a run by a number that shrinks well. */
export function pick(model: Model, index: number): ModelRun | undefined {
  return model.runs[index % Math.max(model.runs.length, 1)];
}

/** What run-state.ts says comes of a transition; the model makes none that it refuses. */
export function move(run: ModelRun, transition: RunTransition): void {
  const next = nextState(run.state, transition);
  if (next === undefined) throw new Error(`the model cannot ${transition} a run that is ${run.state}`);
  run.state = next;
}

/** Whoever holds the lease can do nothing any more, but repeat the outcome that ended it. */
export function endLease(run: ModelRun, outcome: AttemptOutcomeName | undefined): void {
  if (run.lease !== undefined) run.stale.push({ ...run.lease, outcome });
  forgetWait(run);
  run.lease = undefined;
}

/** The lease of an earlier suspension can do nothing any more, unless it is still the run's. */
export function forgetWait(run: ModelRun): void {
  if (run.wait !== undefined && run.wait.lease !== run.lease) run.stale.push({ ...run.wait.lease, outcome: undefined });
  run.wait = undefined;
}

/** A lease is given back: it never began an attempt, or goes back to the lease under which its attempt was suspended. */
export function giveBack(run: ModelRun): void {
  if (run.wait === undefined) {
    move(run, "release");
    run.attempt -= 1;
    endLease(run, undefined);
  } else if (run.lease !== run.wait.lease) {
    move(run, "release resumed");
    if (run.lease !== undefined) run.stale.push({ ...run.lease, outcome: undefined });
    run.lease = run.wait.lease;
  }
}

/** What the model expects after an attempt that failed in this way. */
export function afterFailure(run: ModelRun, final: RunTransition): void {
  move(run, run.attempt < MAX_ATTEMPTS ? "retry" : final);
}

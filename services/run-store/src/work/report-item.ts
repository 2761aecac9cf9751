import type { Content, HookResult, RunError, RunEvent } from "@windlass/proto";
import type { RetryDecision } from "../retry-policy.ts";
import type { AttemptOutcomeName } from "../run-state.ts";
import type { Lease } from "./lease.ts";

/** One thing said of a lease: the run goes on, its attempt has ended, or it is given back unstarted. */
export type ReportItem = ProgressItem | FinishItem | ReleaseItem;

export interface ProgressItem {
  readonly kind: "progress";
  readonly lease: Lease;
  /** At least one. */
  readonly events: readonly RunEvent[];
}

export interface FinishItem {
  readonly kind: "finish";
  readonly lease: Lease;
  readonly attemptNumber: number;
  readonly outcome: AttemptOutcomeName;
  readonly output: Content | undefined;
  readonly error: RunError | undefined;
  readonly decision: RetryDecision;
  readonly startTimeUs: number;
  readonly finishTimeUs: number;
  readonly hooks: readonly HookResult[];
  /** Those not yet reported, without AttemptEnded. */
  readonly events: readonly RunEvent[];
}

export interface ReleaseItem {
  readonly kind: "release";
  readonly lease: Lease;
}

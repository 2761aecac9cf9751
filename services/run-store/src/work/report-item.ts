import type { Content, HookResult, RunError, RunEvent, Wait } from "@windlass/proto";
import type { RetryDecision } from "../retry-policy.ts";
import type { AttemptOutcomeName } from "../run-state.ts";
import type { Lease } from "./lease.ts";

/** One thing said of a lease: the run goes on, waits, has waited, its attempt has ended, the lease is given back unstarted, or it is for a version that lacks the run's task. */
export type ReportItem = ProgressItem | SuspendItem | ResumeItem | FinishItem | ReleaseItem | WithholdItem;

/** What a task says of its run; absent: nothing. */
export interface RunDescription {
  /** A JSON object, which replaces the run's metadata. */
  readonly metadata: Uint8Array | undefined;
  /** Added to the run's tags, as far as there is room for them. */
  readonly addTags: readonly string[];
}

export interface ProgressItem {
  readonly kind: "progress";
  readonly lease: Lease;
  /** At least one, unless there is an update. */
  readonly events: readonly RunEvent[];
  readonly update?: RunDescription | undefined;
}

export interface SuspendItem {
  readonly kind: "suspend";
  readonly lease: Lease;
  readonly wait: Wait;
  /** Those not yet reported. */
  readonly events: readonly RunEvent[];
  readonly update?: RunDescription | undefined;
}

export interface ResumeItem {
  readonly kind: "resume";
  readonly lease: Lease;
  readonly waitId: string;
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
  readonly update?: RunDescription | undefined;
}

export interface ReleaseItem {
  readonly kind: "release";
  readonly lease: Lease;
}

export interface WithholdItem {
  readonly kind: "withhold";
  readonly lease: Lease;
}

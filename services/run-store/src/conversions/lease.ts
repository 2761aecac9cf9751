import { type Lease, type RunOptions, RunStatus } from "@windlass/proto";
import type { DeploymentFacts } from "../deployments/deployment-cache.ts";
import type { ClaimedRow } from "../store/claim-runs.ts";
import type { TaskLimits } from "../store/select-task-limits.ts";
import { leaseRefToProto } from "./cancel-lease.ts";
import { timestampFromMicroseconds } from "./moments.ts";
import { contentToProto, optionsToProto } from "./run-to-proto.ts";

/** A claimed run that goes to its supervisor. */
export type LeasedRow = Omit<ClaimedRow, "position" | "outbox_id" | "payload"> & {
  readonly payload: Uint8Array;
  /** An earlier attempt has called the onComplete hooks. */
  readonly isCompletionTold: boolean;
};

/** A lease as the queue pushes it. */
export function leaseToProto(
  item: {
    readonly environmentId: string;
    readonly runId: string;
    readonly leaseToken: string;
    /** Of the claim: the span that dispatched the run; "" to give on the run's own. */
    readonly traceparent: string;
  },
  row: LeasedRow,
  facts: DeploymentFacts,
  limits: TaskLimits,
): Lease {
  const options = optionsToProto(row.options);
  const machine = row.machine ?? limits.machine;
  return {
    $typeName: "windlass.internal.v1.Lease",
    ref: leaseRefToProto(item.environmentId, item.runId, item.leaseToken),
    attemptNumber: row.attempt_number,
    run: {
      $typeName: "windlass.v1.Run",
      id: item.runId,
      taskId: row.task_id,
      status: RunStatus.EXECUTING,
      revision: BigInt(row.revision),
      queue: row.queue,
      version: facts.version,
      attemptNumber: row.attempt_number,
      maxAttempts: row.max_attempts,
      createTime: timestampFromMicroseconds(row.create_time_us),
      startTime: timestampFromMicroseconds(row.start_time_us),
      cancelReason: "",
      payload: contentToProto(row.payload, row.payload_type),
      tags: row.tags,
      isTest: row.is_test,
      traceparent: row.traceparent,
      parentRunId: row.parent_run_id ?? "",
      rootRunId: row.root_run_id ?? "",
      replayOfRunId: row.replay_of_run_id ?? "",
      options,
      metadata: contentToProto(row.metadata, "application/json"),
      machine,
      scheduleId: row.schedule_id ?? "",
    },
    deploymentId: row.deployment_id,
    bundleHash: facts.bundleHash,
    environment: facts.environment,
    traceparent: item.traceparent === "" ? row.traceparent : item.traceparent,
    claimTime: timestampFromMicroseconds(row.claim_time_us),
    resumeWaitId: row.wait_id ?? "",
    machine,
    maxDurationSeconds: maxDurationOf(options, limits),
    variablesRevision: facts.variablesRevision,
    isCompletionTold: row.isCompletionTold,
    needsFreshProcess: limits.needsFreshProcess,
  };
}

/** What the trigger said goes before what the task says. */
function maxDurationOf(options: RunOptions | undefined, limits: TaskLimits): number {
  return options === undefined || options.maxDurationSeconds === 0
    ? limits.maxDurationSeconds
    : options.maxDurationSeconds;
}

import { type Lease, RunStatus } from "@windlass/proto";
import type { DeploymentFacts } from "../deployments/deployment-cache.ts";
import type { ClaimedRow } from "../store/claim-runs.ts";
import { leaseRefToProto } from "./cancel-lease.ts";
import { timestampFromMicroseconds } from "./moments.ts";

/** A lease as the queue pushes it. */
export function leaseToProto(
  item: {
    readonly environmentId: string;
    readonly runId: string;
    readonly leaseToken: string;
    /** Of the claim: the span that dispatched the run; "" to give on the run's own. */
    readonly traceparent: string;
  },
  row: ClaimedRow,
  payload: Buffer,
  facts: DeploymentFacts,
): Lease {
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
      payload:
        row.payload_type === ""
          ? undefined
          : { $typeName: "windlass.v1.Content", data: payload, contentType: row.payload_type },
      tags: row.tags,
      isTest: row.is_test,
      traceparent: row.traceparent,
    },
    deploymentId: row.deployment_id,
    bundleHash: facts.bundleHash,
    environment: facts.environment,
    traceparent: item.traceparent === "" ? row.traceparent : item.traceparent,
    claimTime: timestampFromMicroseconds(row.claim_time_us),
  };
}

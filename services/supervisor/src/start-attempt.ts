import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Lease, LeaseRef, SupervisorMessage } from "@windlass/proto";
import type { Machine } from "./driver/machine.ts";

/**
 * What a worker is told of the attempt it is given. The run's payload travels beside it: what the task is given as context
 * does not carry it a second time, so the lease has none afterwards.
 */
export function startAttempt(
  lease: Lease,
  ref: LeaseRef,
  { preset, cpu, memoryMb }: Machine,
  traceparent: string,
): SupervisorMessage["body"] {
  const { run } = lease;
  const maxDuration = maxDurationOf(lease);
  const payload = run?.payload;
  if (run !== undefined) run.payload = undefined;
  return {
    case: "startAttempt",
    value: {
      $typeName: "windlass.worker.v1.StartAttempt",
      runId: ref.runId,
      attemptNumber: lease.attemptNumber,
      taskId: run?.taskId ?? "",
      payload,
      run,
      environment: lease.environment,
      deploymentId: lease.deploymentId,
      traceparent,
      isCompletionTold: lease.isCompletionTold,
      machine: { $typeName: "windlass.worker.v1.Machine", name: preset, cpu, memory: memoryMb / 1_024 },
      ...(maxDuration !== undefined && { maxDuration }),
    },
  };
}

/** How long the attempt may run is the worker's own to keep, at first. */
function maxDurationOf({ maxDurationSeconds }: Lease) {
  return maxDurationSeconds === 0 ? undefined : durationFromMs(maxDurationSeconds * 1_000);
}

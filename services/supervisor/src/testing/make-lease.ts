import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { EnvironmentType, type Lease, LeaseSchema, RunStatus } from "@windlass/proto";

let count = 0;

/** A lease as the queue pushes it; every one of another run. */
export function makeLease(
  overrides: Partial<
    Pick<
      Lease,
      | "attemptNumber"
      | "bundleHash"
      | "traceparent"
      | "machine"
      | "maxDurationSeconds"
      | "variablesRevision"
      | "isCompletionTold"
      | "needsFreshProcess"
    >
  > & { taskId?: string; payload?: unknown; environmentId?: string } = {},
): Lease {
  count += 1;
  const { taskId = "echo", payload = { count }, environmentId = "env_test", ...lease } = overrides;
  const runId = `run_${String(count).padStart(26, "0")}`;
  return create(LeaseSchema, {
    ref: { environmentId, runId, leaseToken: randomUUID() },
    attemptNumber: 1,
    run: {
      id: runId,
      taskId,
      status: RunStatus.EXECUTING,
      attemptNumber: 1,
      maxAttempts: 3,
      payload: { data: Buffer.from(JSON.stringify(payload)), contentType: "application/json" },
    },
    deploymentId: "dep_test",
    bundleHash: "0".repeat(64),
    environment: { id: "env_test", slug: "test", type: EnvironmentType.DEVELOPMENT, project: "test" },
    ...lease,
  });
}

/** The lease under which the attempt of another goes on after a wait. */
export function continuationOf(lease: Lease, waitId: string): Lease {
  const { ref } = lease;
  if (ref === undefined) throw new Error("a lease has a ref");
  return { ...lease, ref: { ...ref, leaseToken: randomUUID() }, resumeWaitId: waitId };
}

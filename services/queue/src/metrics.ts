import type { Telemetry } from "@windlass/chassis";
import type { ErrorReason } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";

/** What can be read at any moment. */
export interface QueueGauges {
  /** Runs that wait. */
  depth(): number;
  /** Seconds that the first of them has waited; 0 when none waits. */
  oldestAgeS(): number;
}

/** What happens to claims. */
export interface QueueMetrics {
  /** The run-store answered one message, `durationMs` after it was sent. */
  claimAnswered(durationMs: number): void;
  /** One run of a message gave no lease. */
  claimRefused(reason: ErrorReason): void;
  /** The leases of one message were pushed, but for those whose supervisor had gone. */
  claimsSettled(leaseCount: number, undeliveredCount: number): void;
}

/** Creates the instruments. To be called once telemetry has started. No label grows with runs, queues or environments. */
export function createQueueMetrics({ meter }: Telemetry, gauges: QueueGauges): QueueMetrics {
  meter
    .createObservableGauge("windlass.queue.depth", { unit: "{run}", description: "Runs that wait." })
    .addCallback((result) => result.observe(gauges.depth()));
  meter
    .createObservableGauge("windlass.queue.oldest_age", {
      unit: "s",
      description: "How long the first of them has waited.",
    })
    .addCallback((result) => result.observe(gauges.oldestAgeS()));
  const duration = meter.createHistogram("windlass.queue.claim.duration", {
    unit: "s",
    description: "From a claim message to its answer.",
  });
  const leases = meter.createCounter("windlass.queue.leases", { unit: "{run}", description: "Runs claimed." });
  const refused = meter.createCounter("windlass.queue.claims.refused", {
    unit: "{run}",
    description: "Runs that gave no lease, by reason.",
  });
  const undelivered = meter.createCounter("windlass.queue.leases.undelivered", {
    unit: "{run}",
    description: "Leases whose supervisor's stream had gone; queued again by its next heartbeat.",
  });
  return {
    claimAnswered: (durationMs) => duration.record(durationMs / 1_000),
    claimRefused: (reason) => refused.add(1, { reason: reasonName(reason) }),
    claimsSettled(leaseCount, undeliveredCount) {
      leases.add(leaseCount);
      undelivered.add(undeliveredCount);
    },
  };
}

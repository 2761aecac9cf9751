import type { Telemetry } from "@windlass/chassis";
import type { ErrorReason } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";

/** How full one queue is. */
export interface QueueReading {
  readonly environmentId: string;
  readonly queue: string;
  /** Runs that wait. */
  readonly depth: number;
  /** Runs that hold a slot. */
  readonly running: number;
  /** Seconds that the first of those that wait has waited; 0 when none waits. */
  readonly oldestAgeS: number;
}

/** What can be read at any moment. */
export interface QueueGauges {
  /** Every queue in which runs wait or execute. */
  queues(): Iterable<QueueReading>;
  /** How many shards this process owns. */
  shardCount(): number;
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

/** Those with most runs have labels of their own; the others are added up, so that labels do not grow with queues. */
const MAX_NAMED_QUEUES = 100;

/** Creates the instruments. To be called once telemetry has started. */
export function createQueueMetrics({ meter }: Telemetry, gauges: QueueGauges): QueueMetrics {
  const depth = meter.createObservableGauge("windlass.queue.depth", { unit: "{run}", description: "Runs that wait." });
  const running = meter.createObservableGauge("windlass.queue.running", {
    unit: "{run}",
    description: "Runs that hold a slot.",
  });
  const oldestAge = meter.createObservableGauge("windlass.queue.oldest_age", {
    unit: "s",
    description: "How long the first of those that wait has waited.",
  });
  meter.addBatchObservableCallback(
    (result) => {
      for (const reading of boundedReadings(gauges.queues())) {
        const labels = { environment_id: reading.environmentId, queue: reading.queue };
        result.observe(depth, reading.depth, labels);
        result.observe(running, reading.running, labels);
        result.observe(oldestAge, reading.oldestAgeS, labels);
      }
    },
    [depth, running, oldestAge],
  );
  meter
    .createObservableGauge("windlass.queue.shards", { unit: "{shard}", description: "Shards that this process owns." })
    .addCallback((result) => result.observe(gauges.shardCount()));
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

/** At most 100 readings and one of all the others, whose labels are empty. */
export function boundedReadings(readings: Iterable<QueueReading>): QueueReading[] {
  const sorted = [...readings].toSorted((a, b) => b.depth + b.running - (a.depth + a.running));
  const named = sorted.slice(0, MAX_NAMED_QUEUES);
  const others = sorted.slice(MAX_NAMED_QUEUES);
  if (others.length === 0) return named;
  let sum = { environmentId: "", queue: "", depth: 0, running: 0, oldestAgeS: 0 };
  for (const { depth, running, oldestAgeS } of others) {
    sum = {
      ...sum,
      depth: sum.depth + depth,
      running: sum.running + running,
      oldestAgeS: Math.max(sum.oldestAgeS, oldestAgeS),
    };
  }
  return [...named, sum];
}

import type { Telemetry } from "@windlass/chassis";

/** What happens to timers. */
export interface SchedulerMetrics {
  /** The run-store has been told that an item's moment had come, this long after it had. */
  applied(latenessMs: number): void;
}

/** Upper limits in seconds: from the precision of a timer to a long downtime. */
const LATENESS_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];

/** Creates the instruments. To be called once telemetry has started. */
export function createSchedulerMetrics({ meter }: Telemetry, pendingTimers: () => number): SchedulerMetrics {
  meter
    .createObservableGauge("windlass.scheduler.timers", { unit: "{timer}", description: "Timers armed." })
    .addCallback((result) => result.observe(pendingTimers()));
  const lateness = meter.createHistogram("windlass.scheduler.lateness", {
    unit: "s",
    description: "From the moment of an item to the run-store's answer that it was applied.",
    advice: { explicitBucketBoundaries: LATENESS_BUCKETS_S },
  });
  return { applied: (latenessMs) => lateness.record(latenessMs / 1_000) };
}

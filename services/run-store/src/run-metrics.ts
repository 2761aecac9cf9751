import type { Telemetry } from "@windlass/chassis";
import type { RunStatusName } from "./run-state.ts";

/** The statements that gather many items. */
export type BatchKind = "trigger" | "claim" | "report";

/** Counts what the hot path does. */
export interface RunMetrics {
  triggered(count: number): void;
  claimed(count: number): void;
  /** Ends of attempts, by what became of their runs. */
  finished(status: RunStatusName): void;
  batch(kind: BatchKind, size: number): void;
}

/** Costs nothing while telemetry is off. Durations of statements and of calls are measured by the chassis. */
export function createRunMetrics(telemetry: Telemetry, outboxDepth: () => number): RunMetrics {
  // Instruments made before telemetry has started record nothing, so they are made when first used.
  let made: ReturnType<typeof makeInstruments> | undefined;
  const instruments = () => (telemetry.enabled ? (made ??= makeInstruments(telemetry, outboxDepth)) : undefined);
  return {
    triggered: (count) => instruments()?.triggered.add(count),
    claimed: (count) => instruments()?.claimed.add(count),
    finished: (status) => instruments()?.finished.add(1, { status }),
    batch: (kind, size) => instruments()?.batchSize.record(size, { kind }),
  };
}

function makeInstruments({ meter }: Telemetry, outboxDepth: () => number) {
  meter
    .createObservableGauge("windlass.outbox.depth", {
      description: "Changes that wait to be published to NATS.",
      unit: "{run}",
    })
    .addCallback((result) => result.observe(outboxDepth()));
  return {
    triggered: meter.createCounter("windlass.runs.triggered", { description: "Runs stored.", unit: "{run}" }),
    claimed: meter.createCounter("windlass.runs.claimed", { description: "Runs leased.", unit: "{run}" }),
    finished: meter.createCounter("windlass.attempts.finished", {
      description: "Attempts ended, by the status their run then had.",
      unit: "{attempt}",
    }),
    batchSize: meter.createHistogram("windlass.batch.size", {
      description: "Items that went in one statement.",
      unit: "{item}",
      advice: { explicitBucketBoundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
    }),
  };
}

import type { Telemetry } from "@windlass/chassis";
import { AttemptOutcome, AttemptOutcomeSchema } from "@windlass/proto";

/** What the supervisor counts and measures. Costs a comparison while telemetry is off. */
export interface SupervisorMetrics {
  /** From the decision to start a worker to its Hello. */
  workerStart(startMs: number): void;
  /** From handing an attempt over to its end. */
  attemptEnded(outcome: AttemptOutcome, durationMs: number): void;
  /** How long a worker's event loop was blocked, as evidence for slow answers to a cancel. */
  loopLag(lagMs: number): void;
  /** Call once telemetry has been started. */
  observe(view: { workers(): Iterable<{ readonly state: string }>; leases(): Readonly<Record<string, number>> }): void;
}

/** Outcomes as they are called in run.proto, without their prefix: "SUCCEEDED". */
export function outcomeName(outcome: AttemptOutcome): string {
  return AttemptOutcomeSchema.values.find(({ number }) => number === outcome)?.localName ?? "UNSPECIFIED";
}

export function createSupervisorMetrics(telemetry: Telemetry): SupervisorMetrics {
  let instruments: ReturnType<typeof createInstruments> | undefined;
  const get = () => (instruments ??= createInstruments(telemetry));
  return {
    workerStart(startMs) {
      if (telemetry.enabled) get().workerStart.record(startMs);
    },
    attemptEnded(outcome, durationMs) {
      if (telemetry.enabled) get().attempt.record(durationMs, { outcome: outcomeName(outcome) });
    },
    loopLag(lagMs) {
      if (telemetry.enabled) get().loopLag.record(lagMs);
    },
    observe(view) {
      if (!telemetry.enabled) return;
      telemetry.meter.createObservableGauge("windlass.supervisor.workers").addCallback((result) => {
        const counts = new Map(["starting", "idle", "busy", "suspended", "ending"].map((state) => [state, 0]));
        for (const { state } of view.workers()) counts.set(state, (counts.get(state) ?? 0) + 1);
        for (const [state, count] of counts) result.observe(count, { state });
      });
      telemetry.meter.createObservableGauge("windlass.supervisor.leases").addCallback((result) => {
        for (const [state, count] of Object.entries(view.leases())) result.observe(count, { state });
      });
    },
  };
}

function createInstruments({ meter }: Telemetry) {
  return {
    workerStart: meter.createHistogram("windlass.supervisor.worker.start.duration", { unit: "ms" }),
    attempt: meter.createHistogram("windlass.supervisor.attempt.duration", { unit: "ms" }),
    loopLag: meter.createHistogram("windlass.supervisor.worker.loop.lag", { unit: "ms" }),
  };
}

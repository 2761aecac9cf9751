import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Meter } from "@opentelemetry/api";

/** Samples of event-loop delay are taken this often: precise enough to see a stall, rare enough not to keep a core awake. */
const loopSampleMs = 50;

/** Reports event-loop delay, memory and CPU time, named as in OpenTelemetry's semantic conventions. Returns what ends it. */
export function observeProcess(meter: Meter): () => void {
  const loopDelay = monitorEventLoopDelay({ resolution: loopSampleMs });
  loopDelay.enable();
  meter.createObservableGauge("nodejs.eventloop.delay.p99", { unit: "s" }).addCallback((result) => {
    result.observe(loopDelay.percentile(99) / 1e9);
    loopDelay.reset();
  });
  meter
    .createObservableUpDownCounter("process.memory.usage", { unit: "By" })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter.createObservableCounter("process.cpu.time", { unit: "s" }).addCallback((result) => {
    const { user, system } = process.cpuUsage();
    result.observe(user / 1e6, { "cpu.mode": "user" });
    result.observe(system / 1e6, { "cpu.mode": "system" });
  });
  return () => void loopDelay.disable();
}

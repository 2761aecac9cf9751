import { monitorEventLoopDelay } from "node:perf_hooks";

/** Measures for how long the event loop was blocked; costs nothing while the process is idle. */
export class LoopLag {
  readonly #delays = monitorEventLoopDelay({ samplePerIteration: true, resolution: 100 });

  constructor() {
    this.#delays.enable();
    // The first sample is the time since the process started, not a delay.
    setImmediate(() => setImmediate(() => this.#delays.reset()));
  }

  /** The longest delay since the last call, in milliseconds. */
  takeMaxMs(): number {
    const maxMs = this.#delays.count === 0 ? 0 : this.#delays.max / 1e6;
    this.#delays.reset();
    return maxMs;
  }
}

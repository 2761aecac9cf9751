import { monitorEventLoopDelay } from "node:perf_hooks";

/**
 * Finer would cost an idle worker more than a thousandth of a core. Sampling once per turn costs an idle one nothing,
 * but does not see I/O callbacks, where attempts begin.
 */
const RESOLUTION_MS = 50;

/** Measures for how long the event loop was blocked, about to the resolution. */
export class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delays.enable();
  }

  /** The longest delay since the last call, in milliseconds. */
  takeMaxMs(): number {
    const maxMs = this.#delays.max / 1e6;
    this.#delays.reset();
    return Math.max(maxMs - RESOLUTION_MS, 0);
  }
}

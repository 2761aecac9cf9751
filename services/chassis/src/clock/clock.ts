/** A timer that has been set. */
export interface Timer {
  /** Its function will not be called; again or afterwards is fine. */
  cancel(): void;
  /** Lets the process exit while the timer is pending. Returns itself. */
  unref(): Timer;
}

/** Where time comes from. Injected, so that tests decide when it passes. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. It can jump: for moments that are stored or shown, never for durations. */
  nowMs(): number;
  /** Milliseconds from some fixed point, with fractions. Never goes back: for durations, deadlines and lease expiry. */
  monotonicMs(): number;
  /** Calls `fn` once, `ms` from now. Any length; negative counts as zero. */
  setTimeout(fn: () => void, ms: number): Timer;
  /** Resolves `ms` from now; rejects with the signal's reason as soon as it aborts, and then leaves no timer. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

import type { CallFailure } from "./call-failure.ts";

/** A call that a server is working on. */
export interface RunningCall {
  /** Whether it can stay open for ever. */
  readonly isStream: boolean;
  /** Ends its request stream, so that it answers what it has been asked and ends. */
  endRequests(): void;
  /** Ends it with this failure, now. */
  abort(failure: CallFailure): void;
}

/** The calls that a server is working on, so that it can drain and stop. A call counts until its handler has returned, also when its caller has its answer. */
export class RunningCalls {
  readonly #calls = new Set<RunningCall>();
  #idle: (() => void)[] = [];

  get size(): number {
    return this.#calls.size;
  }

  add(call: RunningCall): void {
    this.#calls.add(call);
  }

  delete(call: RunningCall): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** Ends the request stream of every call. */
  endRequests(): void {
    for (const call of this.#calls) call.endRequests();
  }

  /** Ends calls with a failure: all of them, or only the streams. */
  abort(failure: CallFailure, which: "all" | "streams" = "all"): void {
    for (const call of this.#calls) {
      if (which === "all" || call.isStream) call.abort(failure);
    }
  }

  /** Resolves as soon as no handler is running. */
  whenIdle(): Promise<void> {
    return this.#calls.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}

import { overloaded, type ServiceCall } from "@windlass/chassis";

/** Of one worker at once: what one connection carries, so an honest worker, which has one, waits by itself before it is refused. */
const maxCalls = 1_000;

/** The calls of one worker that are being handed on to the run-store. */
export class SessionCalls {
  readonly #running = new Map<ServiceCall, AbortController>();
  #isOver = false;

  /** What ends the onward call: the call's own end, or the worker's. Throws OVERLOADED when there are too many. */
  begin(call: ServiceCall): AbortSignal {
    if (this.#running.size >= maxCalls) throw overloaded(`A task may make no more than ${maxCalls} calls at once.`);
    const controller = new AbortController();
    this.#running.set(call, controller);
    if (this.#isOver || call.signal.aborted) controller.abort(call.signal.reason);
    else call.signal.addEventListener("abort", () => controller.abort(call.signal.reason), { once: true });
    return controller.signal;
  }

  end(call: ServiceCall): void {
    this.#running.delete(call);
  }

  /** The worker is gone. A process that it left behind may hold its calls open; they end, and none begins. */
  endAll(): void {
    this.#isOver = true;
    for (const controller of this.#running.values()) controller.abort();
  }
}

import type { Settled } from "./call-reported.ts";

/** How far `run` is, and the promise by which onCancel hooks can wait for it. */
export class RunOutcome {
  readonly #settling = Promise.withResolvers<unknown>();
  #hasBegun = false;

  constructor() {
    // Nobody has to wait for it.
    this.promise.catch(() => {});
  }

  /** Settles as `run` does. */
  get promise(): Promise<unknown> {
    return this.#settling.promise;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  begin(): void {
    this.#hasBegun = true;
  }

  settle(settled: Settled): void {
    if (settled.kind === "returned") this.#settling.resolve(settled.value);
    else this.#settling.reject(settled.thrown);
  }

  /** `run` will not settle any more; changes nothing when it has. */
  abandon(reason: unknown): void {
    this.#settling.reject(reason);
  }
}

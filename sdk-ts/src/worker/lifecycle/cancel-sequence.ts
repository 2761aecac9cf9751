import { ALWAYS_IGNORED, type Hooks } from "./hooks.ts";
import { endReason } from "./end-reason.ts";
import type { Interruption } from "./interruption.ts";
import type { RunOutcome } from "./run-outcome.ts";

/** What a cancel finds. */
export interface CancelSurroundings {
  readonly hooks: Hooks;
  readonly signal: AbortSignal;
  readonly interruption: Interruption;
  readonly runOutcome: RunOutcome;
  readonly isSuspended: () => boolean;
  readonly init: () => unknown;
  /** Calls the cleanup functions that have not begun. */
  readonly cleanUp: () => Promise<unknown>;
}

/**
 * What a cancel sets off beside whatever runs: onCancel hooks, global ones first, which may wait for `run` by its
 * promise. A suspended attempt is cleaned up after them, and ends with that: nothing of it goes on after the wait.
 */
export class CancelSequence {
  readonly #surroundings: CancelSurroundings;
  readonly #onAbort = () => {
    if (endReason(this.#surroundings.signal) === "CANCELED") this.#running = this.#run();
  };
  #running: Promise<void> | undefined;

  constructor(surroundings: CancelSurroundings) {
    this.#surroundings = surroundings;
  }

  arm(): void {
    const { signal } = this.#surroundings;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** From here on a cancel sets nothing off. Resolves when one that came before is through. */
  async disarm(): Promise<void> {
    this.#surroundings.signal.removeEventListener("abort", this.#onAbort);
    await this.#running;
  }

  /** Resolves when the cancel that has come, if one has, is through. */
  async passed(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { hooks, signal, interruption, runOutcome, init, cleanUp } = this.#surroundings;
    // What is suspended now stays so: see WaitSequence.
    const isSuspended = this.#surroundings.isSuspended();
    if (isSuspended || !runOutcome.hasBegun) runOutcome.abandon(signal.reason);
    const fields = { init: init(), runPromise: runOutcome.promise };
    for (const hook of hooks.of("onCancel")) {
      if (interruption.areHooksGivenUp) break;
      await hooks.call(hook, { fields }, ALWAYS_IGNORED);
    }
    if (!isSuspended) return;
    await cleanUp();
    interruption.giveUp("everything");
  }
}

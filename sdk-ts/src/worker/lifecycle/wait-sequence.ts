import type { AttemptWait } from "../../task/active-attempt.ts";
import { endReason } from "./end-reason.ts";
import type { Hooks } from "./hooks.ts";
import type { Interruption } from "./interruption.ts";

/** What a wait needs of its attempt. */
export interface WaitSurroundings {
  readonly hooks: Hooks;
  readonly signal: AbortSignal;
  readonly interruption: Interruption;
  /** Resolves when the attempt is resumed. */
  readonly suspend: (wait: AttemptWait) => Promise<void>;
  readonly init: () => unknown;
}

/** The waits of an attempt, one at a time: onWait hooks -> suspended -> resumed -> onResume hooks. */
export class WaitSequence {
  readonly #surroundings: WaitSurroundings;
  #current: AttemptWait | undefined;
  #isSuspended = false;

  constructor(surroundings: WaitSurroundings) {
    this.#surroundings = surroundings;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /**
   * Resolves when the wait is over. Rejects when another is under way, when the function that waits has ended before
   * the attempt was suspended, and with the signal's reason when the attempt is no longer wanted.
   */
  async wait(wait: AttemptWait): Promise<void> {
    this.#surroundings.signal.throwIfAborted();
    if (this.#current !== undefined) throw new Error(describeSecondWait(this.#current, wait));
    this.#current = wait;
    try {
      await this.#pass(wait);
    } finally {
      this.#current = undefined;
    }
  }

  async #pass(wait: AttemptWait): Promise<void> {
    const { hooks, signal, interruption, suspend, init } = this.#surroundings;
    const waiter = interruption.innermost;
    const args = () => ({ fields: { init: init(), wait: asHooksSeeIt(wait) } });

    if (waiter === undefined) throw new Error("a wait was begun by something that the attempt has left behind");
    await hooks.callEach("onWait", args());
    signal.throwIfAborted();
    if (interruption.innermost !== waiter)
      throw new Error("a wait was begun, but not awaited: the function that began it has ended");
    this.#isSuspended = true;
    await suspend(wait);
    // A cancel that came first has found the attempt suspended, and ends it: the wait does not come back, though the attempt was resumed in the same moment.
    if (endReason(signal) === "CANCELED") await new Promise<never>(() => {});
    this.#isSuspended = false;
    await hooks.callEach("onResume", args());
    signal.throwIfAborted();
  }
}

/** The runs of a batch are the cluster's concern. */
function asHooksSeeIt(wait: AttemptWait): object {
  if (wait.type !== "batch") return { ...wait };
  const { type, batchId, runCount } = wait;
  return { type, batchId, runCount };
}

function describeSecondWait(current: AttemptWait, second: AttemptWait): string {
  return (
    `two waits at once: the run already waits for a ${current.type}, and cannot wait for a ${second.type} beside it. ` +
    "Await one after the other; to wait for several runs, use batchTriggerAndWait."
  );
}

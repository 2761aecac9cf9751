/** "restored" is "up" shortly after "lost", for the page to say so. */
export type ConnectionState = "up" | "lost" | "restored";

const RESTORED_SHOWN_MS = 4_000;
const FIRST_TRY_AFTER_MS = 500;
const LONGEST_PAUSE_MS = 3_000;

/**
 * Whether the cluster can be reached, as calls find it. Once one could not, this alone tries until one can: so a hundred queries of a page
 * do not all knock at the door of a service that is starting.
 */
class Connection {
  #state: ConnectionState = "up";
  readonly #listeners = new Set<() => void>();
  #tryAgain: () => Promise<unknown> = () => Promise.resolve();
  #onRestored: () => void = () => undefined;

  /** `tryAgain` rejects while the cluster cannot be reached. */
  watch(tryAgain: () => Promise<unknown>, onRestored: () => void): void {
    this.#tryAgain = tryAgain;
    this.#onRestored = onRestored;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** A call did not reach the cluster. */
  lost(): void {
    if (this.#state === "lost") return;
    this.#set("lost");
    this.#retryIn(FIRST_TRY_AFTER_MS);
  }

  /** Resolves when it is not lost; rejects when the signal aborts before. */
  whenUp(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (!signal.aborted && this.#state === "lost") return;
        this.#listeners.delete(settle);
        signal.removeEventListener("abort", settle);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      this.#listeners.add(settle);
      signal.addEventListener("abort", settle);
      settle();
    });
  }

  #retryIn(pauseMs: number): void {
    setTimeout(() => {
      this.#tryAgain().then(
        () => {
          this.#set("restored");
          this.#onRestored();
          setTimeout(() => this.#state === "restored" && this.#set("up"), RESTORED_SHOWN_MS);
        },
        () => this.#retryIn(Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)),
      );
    }, pauseMs);
  }

  #set(state: ConnectionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

/** The page's one connection. */
export const connection = new Connection();

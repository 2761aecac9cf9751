import { AsyncLocalStorage } from "node:async_hooks";
import type { EncodedContent } from "../content/json-content.ts";
import type { TaskContext } from "./context.ts";
import { processGlobal } from "./process-global.ts";

export type LogLevelName = "trace" | "debug" | "info" | "warn" | "error";

/** What an attempt can be suspended for. A batch is waited for by its id, with up to 1,000 `runIds` beside it; hooks do not see these, which only the cluster needs. */
export type AttemptWait =
  | { readonly type: "duration"; readonly date: Date }
  | { readonly type: "task"; readonly runId: string }
  | { readonly type: "batch"; readonly batchId: string; readonly runCount: number; readonly runIds: readonly string[] }
  | { readonly type: "token"; readonly token: string };

/** What a task may say anew about its run. What is left out stays. */
export interface RunDescription {
  /** Replaces the metadata. */
  readonly metadata?: EncodedContent;
  readonly addTags?: readonly string[];
}

/** What the rest of the SDK needs of the attempt that this process executes. */
export interface ActiveAttempt {
  readonly runId: string;
  readonly attemptNumber: number;
  readonly ctx: TaskContext;
  readonly startedAt: Date;
  /** The run's metadata as the attempt found it; undefined when it had none. */
  readonly initialMetadata: { readonly data: Uint8Array; readonly contentType: string } | undefined;
  /** W3C traceparent of the attempt's span; empty when the run is not traced. */
  readonly traceparent: string;
  /** Aborts when the run is canceled or its time is up; the reason says which. */
  readonly signal: AbortSignal;
  /** Adds a line to the run's timeline. Never throws. */
  log(level: LogLevelName, message: string, attributes?: unknown): void;
  /**
   * Suspends the attempt until the wait is over; what came of it is asked of the cluster then. Rejects when another wait
   * of this attempt is under way, and never settles when the attempt ends meanwhile.
   */
  wait(wait: AttemptWait): Promise<void>;
  /** Tells the cluster of new metadata or tags. */
  describe(update: RunDescription): void;
  /**
   * State that lives exactly as long as the attempt, so that nothing leaks into the next one. Keys come from
   * `Symbol.for`, so that every copy of the SDK in the process finds the same.
   */
  state<T>(key: symbol, create: () => T): T;
}

/**
 * Where code finds the attempt that it belongs to. A worker executes one at a time, so there is one place in the process; outside of attempts and workers
 * it is empty. It is empty too for what an ended attempt has left behind (a timer, a promise that nobody awaited), so that this does not write to the run
 * that has the process now. Code that belongs to no attempt, such as a pool of connections that a module made, belongs to whichever executes.
 */
class AttemptPlace {
  readonly #owner = new AsyncLocalStorage<ActiveAttempt>();
  #executing: ActiveAttempt | undefined;

  get current(): ActiveAttempt | undefined {
    return this.isCallerLeftBehind ? undefined : this.#executing;
  }

  set current(attempt: ActiveAttempt | undefined) {
    this.#executing = attempt;
  }

  /** Whether whoever asks was begun by an attempt that has ended. */
  get isCallerLeftBehind(): boolean {
    const owner = this.#owner.getStore();
    return owner !== undefined && owner !== this.#executing;
  }

  /** Everything that `execute` begins belongs to the attempt. */
  async enter<T>(attempt: ActiveAttempt, execute: () => Promise<T>): Promise<T> {
    this.#executing = attempt;
    try {
      return await this.#owner.run(attempt, execute);
    } finally {
      this.#executing = undefined;
    }
  }
}

export const activeAttempt = processGlobal("attempt", () => new AttemptPlace());

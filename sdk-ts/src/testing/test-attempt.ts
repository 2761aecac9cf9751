import type { EncodedContent } from "../content/json-content.ts";
import { type ActiveAttempt, activeAttempt, type AttemptWait, type RunDescription } from "../task/active-attempt.ts";
import { fakeContext } from "./fake-context.ts";

/** An attempt without an engine: records what it is asked for, and is resumed by the test. */
export class TestAttempt implements ActiveAttempt {
  readonly runId: string;
  readonly attemptNumber: number;
  readonly startedAt = new Date();
  readonly initialMetadata: EncodedContent | undefined;
  readonly traceparent = "";
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  readonly ctx = fakeContext();
  readonly waits: AttemptWait[] = [];
  readonly descriptions: RunDescription[] = [];
  readonly #state = new Map<symbol, unknown>();
  #resume: (() => void) | undefined;

  constructor(init: { runId?: string; attemptNumber?: number; initialMetadata?: EncodedContent } = {}) {
    this.runId = init.runId ?? "run_parent";
    this.attemptNumber = init.attemptNumber ?? 1;
    this.initialMetadata = init.initialMetadata;
  }

  /** Makes it the one that the process executes. */
  static begin(init?: ConstructorParameters<typeof TestAttempt>[0]): TestAttempt {
    const attempt = new TestAttempt(init);
    activeAttempt.current = attempt;
    return attempt;
  }

  static end(): void {
    activeAttempt.current = undefined;
  }

  cancel(reason: Error): void {
    this.#abort.abort(reason);
  }

  resume(): void {
    this.#resume?.();
  }

  log(): void {}

  wait(wait: AttemptWait): Promise<void> {
    this.waits.push(wait);
    return new Promise((resolve) => (this.#resume = resolve));
  }

  describe(update: RunDescription): void {
    this.descriptions.push(update);
  }

  state<T>(key: symbol, create: () => T): T {
    if (!this.#state.has(key)) this.#state.set(key, create());
    return this.#state.get(key) as T;
  }
}

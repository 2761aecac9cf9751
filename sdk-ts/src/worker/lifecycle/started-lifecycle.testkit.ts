import type { AttemptWait } from "../../task/active-attempt.ts";
import type { GlobalHook } from "../../task/hook-registry.ts";
import type { HookName } from "../../task/hook-types.ts";
import type { RetryPolicy } from "../../task/retry-options.ts";
import { fakeContext } from "../../testing/fake-context.ts";
import { canceledReason, MaxDurationExceededError } from "./end-reason.ts";
import { Interruption } from "./interruption.ts";
import type { HookReport, LifecycleOutcome } from "./lifecycle-attempt.ts";
import { Lifecycle } from "./lifecycle.ts";

/** An attempt as a test writes it. */
interface Definition {
  readonly run?: (payload: never, params: never) => unknown;
  readonly hooks?: Partial<Record<HookName, (...args: never[]) => unknown>>;
  readonly globals?: Partial<Record<HookName, readonly GlobalHook[]>>;
  readonly parsePayload?: (payload: unknown) => Promise<unknown>;
  readonly retry?: Partial<RetryPolicy>;
  readonly isRetryDisabledInDevelopment?: boolean;
  readonly attempt?: number;
  readonly maxAttempts?: number;
  readonly isCompletionTold?: boolean;
}

export const NOW_MS = 1_000_000;

/** A lifecycle under way, and what a supervisor and a clock can do to it. */
export class StartedLifecycle {
  readonly globals: Partial<Record<HookName, readonly GlobalHook[]>>;
  readonly reports: HookReport[] = [];
  readonly interruption = new Interruption();
  readonly outcome: Promise<LifecycleOutcome<unknown>>;
  readonly suspended: AttemptWait[] = [];
  readonly #lifecycle: Lifecycle<unknown>;
  readonly #end = new AbortController();
  #resume: (() => void) | undefined;

  constructor(definition: Definition) {
    const { attempt = 1, maxAttempts = 3, run = () => "output", hooks = {}, parsePayload } = definition;
    this.globals = { ...definition.globals };
    this.#lifecycle = new Lifecycle<unknown>({
      task: {
        id: "the-task",
        run,
        hooks,
        retry: {
          maxAttempts: 3,
          factor: 2,
          minTimeoutInMs: 1_000,
          maxTimeoutInMs: 60_000,
          randomize: false,
          ...definition.retry,
        },
        isRetryDisabledInDevelopment: definition.isRetryDisabledInDevelopment ?? false,
        ...(parsePayload === undefined ? {} : { parsePayload }),
      },
      globalHooks: (hook) => this.globals[hook] ?? [],
      payload: "payload",
      ctx: fakeContext(attempt, maxAttempts),
      isCompletionTold: definition.isCompletionTold ?? false,
      signal: this.#end.signal,
      interruption: this.interruption,
      suspend: (wait) => {
        this.suspended.push(wait);
        return new Promise((resolve) => (this.#resume = resolve));
      },
      encodeOutput: (output) => output,
      report: (report) => this.reports.push(report),
      clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 },
      random: () => 0,
    });
    this.outcome = this.#lifecycle.run();
  }

  wait(wait: AttemptWait): Promise<void> {
    return this.#lifecycle.wait(wait);
  }

  resume(): void {
    this.#resume?.();
  }

  cancel(): void {
    this.#end.abort(canceledReason("enough"));
  }

  exceedMaxDuration(): void {
    this.#end.abort(new MaxDurationExceededError(5));
  }

  /** Of every function that has settled, its name and what was reported. */
  get settled(): string[] {
    return this.reports.map(({ hook, name, outcome }) => [hook, name, outcome].filter((word) => word !== "").join(" "));
  }
}

/** Lets everything happen that can without time passing. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

import type { HookName } from "../../task/hook-types.ts";
import { OUTPUT, PAYLOAD, RETRY, type Scenario, WAIT } from "./scenario.testkit.ts";

/** What the model knows when a function is called. */
interface Known {
  readonly scenario: Scenario;
  readonly init: Record<string, unknown> | undefined;
  readonly failure: { readonly thrown: unknown } | undefined;
}

/** What a function that takes positions is called with, before its last parameter. */
export function positionalOf(hook: HookName | "run", { failure }: Known): unknown[] {
  switch (hook) {
    case "onSuccess":
      return [PAYLOAD, OUTPUT];
    case "onFailure":
    case "handleError":
    case "catchError":
      return [PAYLOAD, failure?.thrown];
    case "onComplete":
      return [PAYLOAD, failure === undefined ? OUTPUT : undefined];
    default:
      return [PAYLOAD];
  }
}

/** What a function is handed beside payload, ctx, signal and task. */
export function fieldsOf(
  hook: HookName | "run",
  { init, failure, scenario }: Known,
  delayMs: number | undefined,
): Record<string, unknown> {
  switch (hook) {
    case "init":
    case "middleware":
      return {};
    case "onWait":
    case "onResume":
      return { init, wait: WAIT };
    case "onSuccess":
      return { init, output: OUTPUT };
    case "onFailure":
      return { init, error: failure?.thrown };
    case "handleError":
    case "catchError":
      return {
        init,
        error: failure?.thrown,
        retry: { ...RETRY, maxAttempts: scenario.maxAttempts },
        retryAt: delayMs === undefined ? undefined : new Date(delayMs),
        retryDelayInMs: delayMs,
      };
    case "onComplete":
      return {
        init,
        result: failure === undefined ? { ok: true, data: OUTPUT } : { ok: false, error: failure.thrown },
      };
    default:
      return { init };
  }
}

import { AttemptOutcome, type FinishAttempt } from "@windlass/proto";
import { protocolViolationError } from "./run-errors.ts";

/**
 * What is reported of an attempt whose real end the run-store refuses: it has ended, and why nothing more is known. A
 * canceled one stays canceled. Undefined when this has been refused too.
 */
export function unstorableFinish(finish: FinishAttempt, refusal: string): FinishAttempt | undefined {
  const error = protocolViolationError(`what it reported cannot be stored (${refusal})`);
  if (finish.error?.code === error.code && isBare(finish)) return undefined;
  const isCanceled = finish.outcome === AttemptOutcome.CANCELED || finish.outcome === AttemptOutcome.CANCEL_FORCED;
  const { update: _, ...rest } = finish;
  return {
    ...rest,
    outcome: isCanceled ? finish.outcome : AttemptOutcome.CRASHED,
    output: undefined,
    error,
    retry: {
      $typeName: "windlass.internal.v1.RetryDecision",
      decision: { case: "byPolicy", value: true },
    },
    hooks: [],
    events: [],
  };
}

function isBare({ events, hooks, update }: FinishAttempt): boolean {
  return events.length === 0 && hooks.length === 0 && update === undefined;
}

import type { OutcomeOf } from "./call-reported.ts";
import type { Hooks, ScopedHook } from "./hooks.ts";
import type { LifecycleFailure } from "./lifecycle-attempt.ts";
import { decideByDefault, readDecision, type RetryDecision, type RetrySituation } from "./retry-decision.ts";

/** What is known as the handlers are asked. */
export interface ErrorHandling {
  readonly situation: RetrySituation;
  readonly init: unknown;
  /** Whether further handlers may begin. */
  readonly isWanted: () => boolean;
}

/**
 * Says what is to follow a failure. handleError or catchError is asked: the task's own first, then the global ones, until
 * one decides; else the task's policy does. A handler that throws ends the run: HANDLE_ERROR_ERROR. Nobody is asked when
 * the task itself has asked not to be retried. Never throws.
 */
export async function askErrorHandlers(
  hooks: Hooks,
  failure: LifecycleFailure,
  { situation, init, isWanted }: ErrorHandling,
): Promise<LifecycleFailure> {
  if (failure.skipRetry) return failure;
  const { thrown } = failure;
  const byDefault = decideByDefault(thrown, situation);
  const handlers = handlersOf(hooks);
  if (handlers.length === 0) return withDecision(failure, byDefault);

  const { delayMs } = byDefault;
  const retryAt = delayMs === undefined ? undefined : new Date(situation.nowMs + delayMs);
  const told = { retry: situation.policy, retryAt, retryDelayInMs: delayMs };
  const args = { positional: [thrown], fields: { init, error: thrown, ...told } };
  const read = (returned: unknown) => readDecision(returned, byDefault, situation);
  for (const handler of handlers) {
    if (!isWanted()) return failure;
    const settled = await hooks.call(handler, args, FAILED_IF_THROWN, read);
    if (settled.kind === "threw") return { code: "HANDLE_ERROR_ERROR", thrown: settled.thrown, skipRetry: true };
    if (settled.kind === "returned" && settled.value !== undefined)
      return withDecision(failure, settled.value as RetryDecision);
  }
  return withDecision(failure, byDefault);
}

function handlersOf(hooks: Hooks): readonly ScopedHook[] {
  const all = [...hooks.of("handleError"), ...hooks.of("catchError")];
  return [...all.filter(({ scope }) => scope === "task"), ...all.filter(({ scope }) => scope === "global")];
}

function withDecision(failure: LifecycleFailure, { thrown, delayMs }: RetryDecision): LifecycleFailure {
  return delayMs === undefined
    ? { ...failure, thrown, skipRetry: true }
    : { ...failure, thrown, skipRetry: false, retryDelayMs: delayMs };
}

/** An uncaught exception meanwhile is most often an echo of the failure that the handler is asked about: it decides nothing. */
const FAILED_IF_THROWN: OutcomeOf = ({ kind }) => (kind === "threw" ? "failed" : "ignored");

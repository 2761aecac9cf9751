import type { HandleErrorDecision } from "@windlass/sdk";

/** What a handler shall return, once, for the first attempt. */
export type DecisionName =
  | "nothing"
  | "skipRetrying"
  | "retryAt"
  | "retryDelayInMs"
  | "retry"
  | "error"
  | "skipRetrying with error"
  | "retryDelayInMs with error";

export interface DecidingPayload {
  readonly task?: DecisionName;
  readonly config?: DecisionName;
  /** The decision is returned for every attempt. */
  readonly always?: boolean;
  /** How many attempts fail. */
  readonly failures: number;
}

/** Far enough from what the policies of these tasks would say. */
export const decidedDelayMs = 700;

const decisions: Record<DecisionName, () => HandleErrorDecision | undefined> = {
  nothing: () => undefined,
  skipRetrying: () => ({ skipRetrying: true }),
  retryAt: () => ({ retryAt: new Date(Date.now() + decidedDelayMs) }),
  retryDelayInMs: () => ({ retryDelayInMs: decidedDelayMs }),
  retry: () => ({ retry: { minTimeoutInMs: decidedDelayMs, maxTimeoutInMs: decidedDelayMs, randomize: false } }),
  error: () => ({ error: new RangeError("replaced") }),
  "skipRetrying with error": () => ({ skipRetrying: true, error: new RangeError("replaced") }),
  "retryDelayInMs with error": () => ({ retryDelayInMs: decidedDelayMs, error: new RangeError("replaced") }),
};

export function decide(
  name: DecisionName | undefined,
  attempt: number,
  always = false,
): HandleErrorDecision | undefined {
  return name === undefined || (attempt > 1 && !always) ? undefined : decisions[name]();
}

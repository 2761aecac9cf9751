import type { ActiveAttempt } from "../task/active-attempt.ts";
import { fakeContext } from "./fake-context.ts";

/** An attempt for tests of what asks `activeAttempt`; it suspends for nothing and says nothing to anybody. */
export function fakeAttempt(fields: Partial<ActiveAttempt> = {}): ActiveAttempt {
  const states = new Map<symbol, unknown>();
  const ctx = fields.ctx ?? fakeContext();
  return {
    runId: ctx.run.id,
    attemptNumber: ctx.attempt.number,
    ctx,
    startedAt: ctx.attempt.startedAt,
    initialMetadata: undefined,
    traceparent: "",
    signal: new AbortController().signal,
    log: () => {},
    wait: () => Promise.resolve(),
    describe: () => {},
    state<T>(key: symbol, create: () => T): T {
      if (!states.has(key)) states.set(key, create());
      return states.get(key) as T;
    },
    ...fields,
  };
}

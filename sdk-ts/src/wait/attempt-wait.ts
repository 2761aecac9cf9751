import { connectionOfAttempt } from "../client/connection.ts";
import { type ActiveAttempt, activeAttempt, type AttemptWait } from "../task/active-attempt.ts";

/** The attempt that `what` belongs to. Throws outside of a run. */
export function attemptFor(what: string): ActiveAttempt {
  const attempt = activeAttempt.current;
  if (attempt === undefined) {
    throw new Error(`${what} works only inside of a run: it suspends the task, and no task is running here`);
  }
  return attempt;
}

/**
 * Suspends the attempt. Triggers that were not awaited are answered first: the process stands still while it is suspended, and they would seem to have
 * timed out when it wakes.
 */
export async function suspend(attempt: ActiveAttempt, wait: AttemptWait): Promise<void> {
  await connectionOfAttempt().triggers.none();
  attempt.signal.throwIfAborted();
  await attempt.wait(wait);
}

import { triggersAnswered } from "../client/connection.ts";
import { type ActiveAttempt, activeAttempt, type AttemptWait } from "../task/active-attempt.ts";

const WAITING = Symbol.for("windlass.sdk/1/waiting");

/**
 * Makes one wait of the attempt that is running. Throws outside of a run; and while another wait is under way, before anything has been done for this one: a
 * run waits for one thing at a time.
 */
export async function duringWait<T>(what: string, wait: (attempt: ActiveAttempt) => Promise<T>): Promise<T> {
  const attempt = activeAttempt.current;
  if (attempt === undefined) {
    throw new Error(`${what} works only inside of a run: it makes the task wait, and no task is running here`);
  }
  const waiting = attempt.state(WAITING, (): { what: string | undefined } => ({ what: undefined }));
  if (waiting.what !== undefined) {
    throw new Error(
      `${what} was called while ${waiting.what} of the same run is under way: a run waits for one thing at a time. ` +
        "Await one after the other; batchTriggerAndWait waits for several runs at once",
    );
  }
  attempt.signal.throwIfAborted();
  waiting.what = what;
  try {
    return await wait(attempt);
  } finally {
    waiting.what = undefined;
  }
}

/**
 * Suspends the attempt. Triggers that were not awaited are answered first: the process stands still while it is suspended, and they would seem to have
 * timed out when it wakes.
 */
export async function suspend(attempt: ActiveAttempt, wait: AttemptWait): Promise<void> {
  await triggersAnswered();
  attempt.signal.throwIfAborted();
  await attempt.wait(wait);
}

import { setTimeout as sleep } from "node:timers/promises";

const pollIntervalMs = 25;

/**
 * Waits for a condition of another process, which cannot be signalled to a test: asks until `condition` answers something truthy, and returns that.
 * @param what is waited for, in words, for the message.
 * @throws when it does not come within `deadlineMs`; the message says what was answered last.
 */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T> | T,
  deadlineMs = 60_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${deadlineMs} ms (last answer: ${JSON.stringify(answer)})`);
    await sleep(pollIntervalMs);
  }
}

/** Waits until `check` finds nothing wrong. @throws with what was still wrong at the deadline. */
export async function waitUntilClean(
  what: string,
  check: () => Promise<readonly unknown[]>,
  deadlineMs = 60_000,
): Promise<void> {
  let wrong: readonly unknown[] = [];
  try {
    await waitFor(what, async () => (wrong = await check()).length === 0, deadlineMs);
  } catch (error) {
    throw new Error(`${what}: still wrong after ${deadlineMs} ms: ${JSON.stringify(wrong, null, 2)}`, { cause: error });
  }
}

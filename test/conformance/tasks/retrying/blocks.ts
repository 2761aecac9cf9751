import { retry, task } from "@windlass/sdk";
import { said } from "../said.ts";

export const retriesBlock = task({
  id: "retries-block",
  retry: { maxAttempts: 1 },
  run: async ({ failures }: { failures: number }) =>
    await retry.onThrow(
      async ({ attempt, maxAttempts, signal }) => {
        said("block", { attempt, maxAttempts, hasSignal: signal instanceof AbortSignal });
        if (attempt <= failures) throw new Error(`block attempt ${attempt}`);
        return `done in attempt ${attempt}`;
      },
      { maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5, randomize: false },
    ),
});

/** Asks a server of the test. */
export const fetches = task({
  id: "fetches",
  retry: { maxAttempts: 1 },
  run: async ({ url, timeoutInMs }: { url: string; timeoutInMs?: number }) => {
    const response = await retry.fetch(url, {
      timeoutInMs,
      retry: {
        byStatus: {
          "500-599": { strategy: "backoff", maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5, randomize: false },
          "429": {
            strategy: "headers",
            limitHeader: "x-ratelimit-limit",
            remainingHeader: "x-ratelimit-remaining",
            resetHeader: "x-ratelimit-reset",
            resetFormat: "unix_timestamp_in_ms",
          },
        },
        connectionError: { maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5, randomize: false },
        timeout: { maxAttempts: 2, minTimeoutInMs: 5, maxTimeoutInMs: 5, randomize: false },
      },
    });
    return { status: response.status, text: await response.text() };
  },
});

// Part of a task can be tried again without failing the attempt: `retry.onThrow` for any code, `retry.fetch` for requests.
import { logger, retry, task } from "@windlass/sdk";

export const flaky = task({
  id: "flaky",
  run: async (payload: { failures: number }) =>
    retry.onThrow(
      async ({ attempt, maxAttempts }) => {
        logger.info(`try ${attempt} of ${maxAttempts}`);
        if (attempt <= payload.failures) throw new Error(`try ${attempt} fails as asked`);
        return { tries: attempt };
      },
      { maxAttempts: 5, minTimeoutInMs: 50, maxTimeoutInMs: 200 },
    ),
});

export const download = task({
  id: "download",
  run: async (payload: { url: string }) => {
    const response = await retry.fetch(payload.url, {
      timeoutInMs: 10_000,
      retry: {
        byStatus: {
          // Waits until the moment that the service names.
          "429": { strategy: "headers", resetHeader: "x-ratelimit-reset", resetFormat: "unix_timestamp" },
          "500-599": { strategy: "backoff", maxAttempts: 5, minTimeoutInMs: 100 },
        },
        connectionError: { maxAttempts: 3, minTimeoutInMs: 100 },
        timeout: { maxAttempts: 2 },
      },
    });
    return { status: response.status, bytes: (await response.arrayBuffer()).byteLength };
  },
});

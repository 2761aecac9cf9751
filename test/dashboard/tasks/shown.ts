import { logger, task, wait } from "@trigger.dev/sdk";

/** Ends well after some logs. */
export const greeter = task({
  id: "greeter",
  onStart: () => undefined,
  run: async ({ name }: { name: string }) => {
    logger.info(`Hello, ${name}`, { name });
    return { greeting: `Hello, ${name}`, words: 2, polite: true };
  },
});

/** Fails twice, then for good. */
export const unlucky = task({
  id: "unlucky",
  retry: { maxAttempts: 2, minTimeoutInMs: 100, maxTimeoutInMs: 200, factor: 1 },
  run: async () => {
    logger.warn("about to fail");
    throw new Error("The invoice service answered 503", { cause: new Error("connect ECONNREFUSED 10.0.0.7:443") });
  },
});

/** Says something, and waits for a token. */
export const patient = task({
  id: "patient",
  run: async () => {
    logger.info("still here");
    const token = await wait.createToken({ timeout: "1h" });
    logger.info(`token ${token.id}`);
    await wait.forToken(token);
    return "done";
  },
});

import { setTimeout as sleep } from "node:timers/promises";
import { queue, schedules, task } from "@trigger.dev/sdk";

const mail = queue({ name: "mail", concurrencyLimit: 1 });

/** Executes until it is canceled: its queue fills behind it. */
export const sendNewsletter = task({
  id: "send-newsletter",
  queue: mail,
  run: (_payload: unknown, { signal }) => sleep(3_600_000, undefined, { signal }),
});

/** Ends after as long as it is told; fails when it is told to. */
export const resizeImage = task({
  id: "resize-image",
  queue: { name: "images", concurrencyLimit: 20, rateLimit: { limit: 1_000, period: "1m" }, maxLength: 5_000 },
  machine: "small-2x",
  maxDuration: 300,
  retry: { maxAttempts: 1 },
  run: async ({ ms, fails }: { ms: number; fails: boolean }) => {
    await sleep(ms);
    if (fails) throw new Error("The image cannot be read");
    return { ms };
  },
});

/** Declared with a cron, so that a version has a schedule to show. */
export const cleanUp = schedules.task({ id: "clean-up", cron: "0 4 * * *", run: () => undefined });

import { logger, task } from "@trigger.dev/sdk";

export const importsSdk = task({
  id: "imports-sdk",
  run: async (payload: { message: string }, { ctx }) => {
    logger.log("from the sdk", { message: payload.message });
    return { message: payload.message, maxAttempts: ctx.run.maxAttempts, maxDuration: ctx.run.maxDuration };
  },
});

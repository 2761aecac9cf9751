// Lifecycle functions around run, in the order in which they are called. Global ones, for every task, are registered
// with `tasks.onStart(...)` and so on,
// best in a file init.ts at the root of the task folder.
import { logger, task } from "@windlass/sdk";

export const withHooks = task({
  id: "with-hooks",
  // Before every attempt. What it returns reaches run and the later hooks as `init`.
  init: async (_payload, { ctx }) => {
    logger.info(`init of attempt ${ctx.attempt.number}`);
    return { openedAt: Date.now() };
  },
  // Once per run. Hooks may also take one object instead of (payload, ...).
  onStart: ({ task }) => logger.info(`onStart of ${task}`),
  run: async (payload: { name: string }, { init }) => {
    logger.info("run", { openedAt: init.openedAt });
    return `Hello ${payload.name}!`;
  },
  onSuccess: async (_payload, output) => logger.info(`onSuccess: ${output}`),
  // Once per run, when no attempt is left.
  onFailure: async (_payload, error) => logger.error(`onFailure: ${String(error)}`),
  // Once per run, however it ended.
  onComplete: ({ result }) => logger.info(`onComplete: ${result.ok ? "it worked" : "it failed"}`),
  // After every attempt. An error in here fails the attempt; errors in the other hooks are ignored.
  cleanup: () => logger.info("cleanup"),
});

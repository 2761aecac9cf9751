import { logger, task } from "@windlass/sdk";

/** Fails outside of what anybody awaits, and never settles. */
export const uncaught = task({
  id: "uncaught",
  onFailure: ({ error }) => logger.info(`onFailure ${String(error)}`),
  cleanup: () => logger.info("cleaned up"),
  run: async (what: "exception" | "rejection" | "late") => {
    if (what === "exception") {
      setTimeout(() => {
        throw new Error("uncaught");
      });
    }
    if (what === "rejection") void Promise.reject(new Error("uncaught"));
    if (what === "late") {
      setImmediate(() =>
        setImmediate(() => {
          throw new Error("too late");
        }),
      );
      return;
    }
    await new Promise(() => {});
  },
});

import { defineConfig } from "@windlass/sdk";
import { said } from "../said.ts";

export default defineConfig({
  project: "conformance",
  retries: { default: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, randomize: false } },
  middleware: async ({ next }) => {
    said("config middleware before");
    await next();
    said("config middleware after");
  },
  init: () => said("config init"),
  onStart: () => said("config onStart"),
  onStartAttempt: () => said("config onStartAttempt"),
  onSuccess: () => said("config onSuccess"),
  onFailure: () => said("config onFailure"),
  onComplete: () => said("config onComplete"),
  handleError: () => said("config handleError"),
  cleanup: () => said("config cleanup"),
});

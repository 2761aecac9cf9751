import { defineConfig } from "@trigger.dev/sdk/v3";

export default defineConfig({
  project: "proj_dropin",
  runtime: "node",
  logLevel: "log",
  maxDuration: 3600,
  retries: {
    enabledInDev: true,
    default: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1, factor: 2, randomize: true },
  },
  dirs: ["./trigger"],
});

import { defineConfig } from "@windlass/sdk";

export default defineConfig({
  project: "conformance",
  retries: { enabledInDev: false, default: { maxAttempts: 3, minTimeoutInMs: 5, maxTimeoutInMs: 5 } },
});

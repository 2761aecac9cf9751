import { defineConfig } from "@windlass/sdk";
import { said } from "../said.ts";
import { decide, type DecidingPayload } from "./decide.ts";

export default defineConfig({
  project: "conformance",
  retries: { default: { maxAttempts: 4, factor: 3, minTimeoutInMs: 20, maxTimeoutInMs: 1_000, randomize: false } },
  handleError: (payload, _error, { ctx, task }) => {
    if (task !== "deciding") return undefined;
    said("config handleError");
    return decide((payload as DecidingPayload).config, ctx.attempt.number);
  },
});

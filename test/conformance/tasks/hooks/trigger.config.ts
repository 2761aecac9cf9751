import { defineConfig } from "@windlass/sdk";
import { said } from "../said.ts";
import { told } from "../told.ts";

const none = (output: unknown) => (output === undefined ? "undefined" : output);

// Every hook in the positional form.
export default defineConfig({
  project: "conformance",
  retries: { default: { maxAttempts: 1 } },
  middleware: async (payload, params) => {
    said("config middleware", { payload, ...told(params) });
    await params.next();
  },
  init: (payload, params) => {
    said("config init", { payload, ...told(params) });
    return { winner: "config", config: true };
  },
  onStart: (payload, params) => said("config onStart", { payload, ...told(params) }),
  onStartAttempt: (payload, params) => said("config onStartAttempt", { payload, ...told(params) }),
  onWait: (payload, params) => said("config onWait", { payload, ...told(params) }),
  onResume: (payload, params) => said("config onResume", { payload, ...told(params) }),
  onSuccess: (payload, output, params) => said("config onSuccess", { payload, output, ...told(params) }),
  onFailure: (payload, error, params) => said("config onFailure", { payload, error: String(error), ...told(params) }),
  onComplete: (payload, output, params) =>
    said("config onComplete", { payload, output: none(output), ...told(params) }),
  onCancel: (payload, params) => said("config onCancel", { payload, ...told(params) }),
  handleError: (payload, error, params) =>
    said("config handleError", { payload, error: String(error), ...told(params) }),
  cleanup: (payload, params) => said("config cleanup", { payload, ...told(params) }),
});

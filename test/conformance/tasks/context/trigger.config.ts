import { defineConfig } from "@windlass/sdk";
import { said } from "../said.ts";
import { told } from "../told.ts";

// Hooks of the config in the object form; tasks/hooks has them in the other.
export default defineConfig({
  project: "conformance",
  init: (params) => said("config init", told(params)),
  onStart: (params) => said("config onStart", told(params)),
  onStartAttempt: (params) => said("config onStartAttempt", told(params)),
  onSuccess: (params) => said("config onSuccess", told(params)),
  onFailure: (params) => said("config onFailure", told(params)),
  onComplete: (params) => said("config onComplete", told(params)),
  handleError: (params) => said("config handleError", told(params)),
  cleanup: (params) => said("config cleanup", told(params)),
});

import { task } from "@windlass/sdk";
import { said } from "../said.ts";
import { told } from "../told.ts";
import { endAsAsked, type Plan } from "./end-as-asked.ts";

const none = (output: unknown) => (output === undefined ? "undefined" : output);

export const positionalForm = task({
  id: "positional-form",
  middleware: async (payload, params) => {
    said("task middleware", { payload, ...told(params) });
    await params.next();
  },
  init: (payload, params) => {
    said("task init", { payload, ...told(params) });
    return { winner: "task", task: true };
  },
  onStart: (payload, params) => said("task onStart", { payload, ...told(params) }),
  onStartAttempt: (payload, params) => said("task onStartAttempt", { payload, ...told(params) }),
  onWait: (payload, params) => said("task onWait", { payload, ...told(params) }),
  onResume: (payload, params) => said("task onResume", { payload, ...told(params) }),
  onSuccess: (payload, output, params) => said("task onSuccess", { payload, output, ...told(params) }),
  onFailure: (payload, error, params) => said("task onFailure", { payload, error: String(error), ...told(params) }),
  onComplete: (payload, output, params) => said("task onComplete", { payload, output: none(output), ...told(params) }),
  onCancel: (payload, params) => said("task onCancel", { payload, ...told(params) }),
  handleError: (payload, error, params) => said("task handleError", { payload, error: String(error), ...told(params) }),
  cleanup: (payload, params) => said("task cleanup", { payload, ...told(params) }),
  run: async (payload: Plan, params) => {
    said("task run", { payload, ...told(params) });
    return await endAsAsked(payload, params.signal);
  },
});

export const catchErrorPositionalForm = task({
  id: "catch-error-positional-form",
  catchError: (payload, error, params) => said("task catchError", { payload, error: String(error), ...told(params) }),
  run: async (_payload: Plan) => {
    throw new Error("as asked");
  },
});

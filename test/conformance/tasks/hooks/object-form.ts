import { task } from "@windlass/sdk";
import { said } from "../said.ts";
import { told } from "../told.ts";
import { endAsAsked, type Plan } from "./end-as-asked.ts";

export const objectForm = task({
  id: "object-form",
  middleware: async (params) => {
    said("task middleware", told(params));
    await params.next();
  },
  init: (params) => {
    said("task init", told(params));
    return { winner: "task", task: true };
  },
  onStart: (params) => said("task onStart", told(params)),
  onStartAttempt: (params) => said("task onStartAttempt", told(params)),
  onWait: (params) => said("task onWait", told(params)),
  onResume: (params) => said("task onResume", told(params)),
  onSuccess: (params) => said("task onSuccess", told(params)),
  onFailure: (params) => said("task onFailure", told(params)),
  onComplete: (params) => said("task onComplete", told(params)),
  onCancel: (params) => said("task onCancel", told(params)),
  handleError: (params) => said("task handleError", told(params)),
  cleanup: (params) => said("task cleanup", told(params)),
  run: async (payload: Plan, params) => {
    said("task run", { payload, ...told(params) });
    return await endAsAsked(payload, params.signal);
  },
});

export const catchErrorObjectForm = task({
  id: "catch-error-object-form",
  catchError: (params) => said("task catchError", told(params)),
  run: async (_payload: Plan) => {
    throw new Error("as asked");
  },
});

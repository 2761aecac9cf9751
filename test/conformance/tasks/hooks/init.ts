import { tasks } from "@windlass/sdk";
import { said } from "../said.ts";
import { told } from "../told.ts";

// Every global hook in the object form.
tasks.middleware(async (params) => {
  said("global middleware", told(params));
  await params.next();
});
tasks.init((params) => {
  said("global init", told(params));
  return { winner: "global", global: true };
});
tasks.onStart((params) => said("global onStart", told(params)));
tasks.onStartAttempt((params) => said("global onStartAttempt", told(params)));
tasks.onWait((params) => said("global onWait", told(params)));
tasks.onResume((params) => said("global onResume", told(params)));
tasks.onSuccess((params) => said("global onSuccess", told(params)));
tasks.onFailure((params) => said("global onFailure", told(params)));
tasks.onComplete((params) => said("global onComplete", told(params)));
tasks.onCancel((params) => said("global onCancel", told(params)));
tasks.handleError((params) => said("global handleError", told(params)));
tasks.catchError((params) => said("global catchError", told(params)));
tasks.cleanup((params) => said("global cleanup", told(params)));

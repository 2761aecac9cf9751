import { tasks } from "@windlass/sdk";
import { reach, type Plan } from "./reach.ts";

// For the task "table" alone: others of this folder have no plan as their payload.
const planOf = ({ payload, task }: { payload: unknown; task: string }): Plan =>
  task === "table" ? (payload as Plan) : {};

tasks.middleware(async (params) => {
  reach("global middleware before", planOf(params));
  await params.next();
  reach("global middleware after", planOf(params));
});
tasks.init((params) => {
  reach("global init", planOf(params));
  return { fromGlobal: true };
});
tasks.onStart((params) => reach("global onStart", planOf(params)));
tasks.onStartAttempt((params) => reach("global onStartAttempt", planOf(params)));
tasks.onWait((params) => reach("global onWait", planOf(params)));
tasks.onResume((params) => reach("global onResume", planOf(params)));
tasks.onSuccess((params) => reach("global onSuccess", planOf(params)));
tasks.onFailure((params) => reach("global onFailure", planOf(params)));
tasks.onComplete((params) => reach("global onComplete", planOf(params)));
tasks.onCancel((params) => reach("global onCancel", planOf(params)));
tasks.handleError((params) => reach("global handleError", planOf(params)));
tasks.cleanup((params) => reach("global cleanup", planOf(params)));

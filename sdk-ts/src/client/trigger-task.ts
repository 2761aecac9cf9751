import { encodeContent } from "../content/json-content.ts";
import { UnencodableError } from "../content/find-unencodable.ts";
import { MAX_PAYLOAD_BYTES } from "../content/limits.ts";
import { isTaskId, TASK_ID_LIMIT } from "../task/task-id.ts";
import type { RunHandle } from "../task/task-types.ts";
import { defaultConnection } from "./connection.ts";
import { createRequestId } from "./request-id.ts";
import { traceTrigger } from "./tracing.ts";
import { checkTriggerOptions, type TriggerOptions } from "./trigger-options.ts";
import { invalidField } from "./windlass-error.ts";

/** Triggers a task of the default connection's environment. Everything it throws is a WindlassError. */
export async function triggerTask(
  taskId: string,
  payload: unknown,
  options: TriggerOptions | undefined,
): Promise<RunHandle<string, unknown, unknown>> {
  if (!isTaskId(taskId)) throw invalidField("taskId", `${TASK_ID_LIMIT}.`);
  const checked = checkTriggerOptions(options);
  const content = encodePayload(payload);
  const { triggers } = defaultConnection();
  const id = await traceTrigger(taskId, (traceparent) =>
    triggers.trigger({ ...checked, requestId: createRequestId(), taskId, payload: content, traceparent }),
  );
  return { id, taskIdentifier: taskId };
}

function encodePayload(payload: unknown): ReturnType<typeof encodeContent> {
  try {
    return encodeContent("payload", payload, MAX_PAYLOAD_BYTES);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw invalidField(error.path, error.problem, error);
  }
}

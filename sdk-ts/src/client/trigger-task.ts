import type { TriggeredRun } from "@windlass/proto";
import { UnencodableError } from "../content/find-unencodable.ts";
import { type EncodedContent, encodeContent } from "../content/json-content.ts";
import { MAX_PAYLOAD_BYTES } from "../content/limits.ts";
import { isTaskId, TASK_ID_LIMIT } from "../task/task-id.ts";
import { type Connection, connectionOfAttempt, defaultConnection, parentRunId } from "./connection.ts";
import { createRequestId } from "./request-id.ts";
import { type AnyRunHandle, createRunHandle } from "./run-handle.ts";
import { traceTrigger } from "./tracing.ts";
import { type CheckedTriggerOptions, checkTriggerOptions, type TriggerOptions } from "./trigger-options.ts";
import { invalidField } from "./windlass-error.ts";

/** A trigger that has passed every check that needs no cluster. */
export interface PreparedTrigger {
  readonly taskId: string;
  readonly payload: EncodedContent;
  readonly checked: CheckedTriggerOptions;
}

/** Triggers a task of the default connection's environment. Everything it throws is a WindlassError. */
export async function triggerTask(
  taskId: string,
  payload: unknown,
  options: TriggerOptions | undefined,
): Promise<AnyRunHandle> {
  const prepared = prepareTrigger(taskId, payload, options);
  return sendTrigger(defaultConnection(), prepared);
}

/**
 * The same in the environment of the attempt that is running, whatever `configure` says: only there it can be waited for. The run is of `version`, that of
 * the attempt, unless the options name another: so its output is what the code that waits for it was written for.
 */
export async function triggerChild(
  taskId: string,
  payload: unknown,
  options: TriggerOptions | undefined,
  version: string,
): Promise<AnyRunHandle> {
  const prepared = prepareTrigger(taskId, payload, options);
  return sendTrigger(connectionOfAttempt(), { ...prepared, checked: withVersion(prepared.checked, version) });
}

/** Of this version, unless another is named. */
export function withVersion(checked: CheckedTriggerOptions, version: string): CheckedTriggerOptions {
  return { ...checked, options: { ...checked.options, version: checked.options?.version ?? version } };
}

/** Throws FIELD_INVALID; `place` comes before the field's name: "items[3].". */
export function prepareTrigger(
  taskId: string,
  payload: unknown,
  options: TriggerOptions | undefined,
  place = "",
): PreparedTrigger {
  if (!isTaskId(taskId)) throw invalidField(`${place}taskId`, `${TASK_ID_LIMIT}.`);
  const checked = checkTriggerOptions(options, `${place}options`);
  return { taskId, checked, payload: encodePayload(`${place}payload`, payload) };
}

/** The request id is made here, once: whatever breaks on the way, the trigger makes one run. */
async function sendTrigger(
  connection: Connection,
  { taskId, payload, checked }: PreparedTrigger,
): Promise<AnyRunHandle> {
  const stored: TriggeredRun = await traceTrigger(taskId, (traceparent) =>
    connection.triggers.trigger({
      ...checked,
      requestId: createRequestId(),
      taskId,
      payload,
      traceparent,
      parentRunId: parentRunId(connection),
    }),
  );
  return createRunHandle(connection, { id: stored.runId, taskIdentifier: taskId, isCached: stored.isCached });
}

/** Throws FIELD_INVALID naming the place of what cannot be encoded. */
export function encodePayload(what: string, payload: unknown): EncodedContent {
  try {
    return encodeContent(what, payload, MAX_PAYLOAD_BYTES);
  } catch (error) {
    if (!(error instanceof UnencodableError)) throw error;
    throw invalidField(error.path, error.problem, error);
  }
}

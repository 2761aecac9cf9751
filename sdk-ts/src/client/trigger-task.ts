import type { TriggeredRun } from "@windlass/proto";
import { UnencodableError } from "../content/find-unencodable.ts";
import { type EncodedContent, encodeContent } from "../content/json-content.ts";
import { MAX_PAYLOAD_BYTES } from "../content/limits.ts";
import { PayloadInvalid } from "../task/payload-invalid.ts";
import type { PayloadParser } from "../task/payload-parser.ts";
import { isTaskId, TASK_ID_LIMIT } from "../task/task-id.ts";
import { type Connection, connectionOfAttempt, defaultConnection, parentRunId } from "./connection.ts";
import { createRequestId } from "./request-id.ts";
import { type AnyRunHandle, createRunHandle } from "./run-handle.ts";
import { traceTrigger } from "./tracing.ts";
import { type CheckedTriggerOptions, checkTriggerOptions, type TriggerOptions } from "./trigger-options.ts";
import { invalidField, WindlassError } from "./windlass-error.ts";

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
  parse?: PayloadParser,
): Promise<AnyRunHandle> {
  const prepared = prepareTrigger(taskId, payload, options);
  if (parse !== undefined) await checkPayload("payload", payload, parse);
  return sendTrigger(defaultConnection(), prepared);
}

/** How a run of the attempt's is triggered. */
export interface ChildOptions {
  readonly options: TriggerOptions | undefined;
  readonly parse: PayloadParser | undefined;
  readonly version: string;
}

/**
 * The same in the environment of the attempt that is running, whatever `configure` says: only there it can be waited for. The run is of `version`, that of
 * the attempt, unless the options name another: so its output is what the code that waits for it was written for.
 */
export async function triggerChild(
  taskId: string,
  payload: unknown,
  { options, parse, version }: ChildOptions,
): Promise<AnyRunHandle> {
  const prepared = prepareTrigger(taskId, payload, options);
  if (parse !== undefined) await checkPayload("payload", payload, parse);
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

/** Has the task's schema look at a payload, which stays as it is: the worker parses what travels. Throws FIELD_INVALID with a violation for each issue; what the schema throws is its cause. */
export async function checkPayload(field: string, payload: unknown, parse: PayloadParser): Promise<void> {
  try {
    await parse(payload);
  } catch (error) {
    if (!(error instanceof PayloadInvalid)) throw invalidField(field, "cannot be checked: the schema threw.", error);
    const violations = error.issues.map(({ path, message }) => ({
      field: path === "" || path.startsWith("[") ? `${field}${path}` : `${field}.${path}`,
      description: message,
    }));
    throw new WindlassError("FIELD_INVALID", error.message, { violations, cause: error });
  }
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

import type { RunError, WorkerMessage } from "@windlass/proto";
import type { SecretRedactor } from "./secret-redactor.ts";
import { boundLogRecord, boundRunError } from "./worker-limits.ts";

/**
 * Takes the values of secrets out of what a worker tells of its attempt: log lines, errors, names of hooks. What the task says on
 * purpose (output, metadata, tags) is its user's own and stays. Sizes are bounded first, so that a flood costs no more than its bound.
 */
export function redactMessage({ body }: WorkerMessage, redactor: SecretRedactor): void {
  if (body.case === "log") {
    const { record } = body.value;
    if (record === undefined) return;
    boundLogRecord(record, record.attemptNumber);
    record.message = redactor.redactText(record.message);
    record.attributesJson = redactor.redactJson(record.attributesJson);
  } else if (body.case === "hookResult") {
    body.value.name = redactor.redactText(body.value.name);
    if (body.value.error !== undefined) body.value.error = redactError(body.value.error, redactor);
  } else if (body.case === "attemptFinished" && body.value.result.case === "failure") {
    const { value: failure } = body.value.result;
    if (failure.error !== undefined) failure.error = redactError(failure.error, redactor);
  }
}

/** The error without the values of secrets, its causes too, at most as large as may be stored. */
export function redactError(error: RunError, redactor: SecretRedactor): RunError {
  const bounded = boundRunError(error);
  return {
    ...bounded,
    name: redactor.redactText(bounded.name),
    message: redactor.redactText(bounded.message),
    stack: redactor.redactText(bounded.stack),
    hint: redactor.redactText(bounded.hint),
    fieldsJson: redactor.redactJson(bounded.fieldsJson),
    causes: bounded.causes.map((cause) => redactError(cause, redactor)),
  };
}

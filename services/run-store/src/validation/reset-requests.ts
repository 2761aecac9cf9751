import type { ResetIdempotencyKeyRequest } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import type { TaskKeyRef } from "../store/delete-idempotency-key.ts";
import { IDEMPOTENCY_KEY, TASK_ID } from "./field-rules.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** Checks ResetIdempotencyKey. Throws FIELD_INVALID. */
export function parseResetIdempotencyKey(request: ResetIdempotencyKeyRequest): TaskKeyRef {
  const violations: Violation[] = [];
  const taskId = parseText(request.taskId, TASK_ID, "task_id", violations);
  const key = parseText(request.idempotencyKey, IDEMPOTENCY_KEY, "idempotency_key", violations);
  throwIfInvalid(violations);
  return { taskId, key };
}

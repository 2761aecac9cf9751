import type { Queryable } from "@windlass/chassis";
import { deleteIdempotencyKey, type TaskKeyRef } from "../store/delete-idempotency-key.ts";

/** Frees an idempotency key, so that its next trigger makes a new run; the run that it stood for goes on. Whether it stood for one. */
export function resetIdempotencyKey(db: Queryable, environmentId: string, ref: TaskKeyRef): Promise<boolean> {
  return deleteIdempotencyKey(db, environmentId, ref);
}

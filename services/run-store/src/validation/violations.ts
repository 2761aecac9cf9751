import { fieldInvalid, type Violation } from "@windlass/proto/grpc";

/** Throws FIELD_INVALID naming every wrong field, when there is one. */
export function throwIfInvalid(violations: readonly Violation[]): void {
  if (violations.length > 0) throw fieldInvalid(...violations);
}

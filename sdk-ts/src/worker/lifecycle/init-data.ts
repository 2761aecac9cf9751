import type { HookScope } from "./lifecycle-attempt.ts";

/**
 * Adds what an init function returned to what earlier ones did: plain objects merge, later fields win. Anything else
 * counts only from the task's own init, and then stands alone.
 */
export function mergeInitData(earlier: unknown, returned: unknown, scope: HookScope): unknown {
  if (returned === undefined) return earlier;
  if (!isPlainObject(returned)) return scope === "task" ? returned : earlier;
  return isPlainObject(earlier) ? { ...earlier, ...returned } : returned;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

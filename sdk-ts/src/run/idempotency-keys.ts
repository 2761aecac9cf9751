import { createHash } from "node:crypto";
import { activeAttempt } from "../task/active-attempt.ts";
import { invalidField } from "../client/windlass-error.ts";

/** Whom a key belongs to: within it the same key gives the same run. */
export type IdempotencyScope = "run" | "attempt" | "global";

/** Makes idempotency keys for triggers and tokens. */
export const idempotencyKeys = {
  /**
   * A key of 64 characters made of `key` and its scope. "run" (default): the same in every attempt of the run that triggers, and in no other run.
   * "attempt": in this attempt only. "global": everywhere. Outside of a run there is nothing to belong to, so "run", too, is as "global"; "attempt"
   * throws.
   */
  async create(
    key: string | readonly string[],
    options: { readonly scope?: IdempotencyScope | undefined } = {},
  ): Promise<string> {
    const parts = typeof key === "string" ? [key] : [...(key ?? [])];
    if (parts.length === 0 || !parts.every((part) => typeof part === "string" && part !== "")) {
      throw invalidField("key", "must be a string that is not empty, or several.");
    }
    // JSON keeps ["a", "b"] and ["a,b"] apart.
    const whole = JSON.stringify([parts, ownerOf(options.scope ?? "run")]);
    return createHash("sha256").update(whole).digest("hex");
  },
};

function ownerOf(scope: IdempotencyScope): readonly (string | number)[] {
  const attempt = activeAttempt.current;
  switch (scope) {
    case "global":
      return [];
    case "run":
      return attempt === undefined ? [] : [attempt.runId];
    case "attempt":
      if (attempt === undefined)
        throw new Error('idempotencyKeys.create: the scope "attempt" works only inside of a run');
      return [attempt.runId, attempt.attemptNumber];
    default:
      throw invalidField("options.scope", 'must be "run", "attempt" or "global".');
  }
}

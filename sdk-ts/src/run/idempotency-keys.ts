import { createHash } from "node:crypto";
import { activeAttempt } from "../task/active-attempt.ts";
import { callCluster } from "../client/call-cluster.ts";
import { defaultConnection } from "../client/connection.ts";
import { checkKey } from "../client/trigger-options.ts";
import { invalidField } from "../client/windlass-error.ts";
import { isTaskId, TASK_ID_LIMIT } from "../task/task-id.ts";

/** Whom a key belongs to: within it the same key gives the same run. */
export type IdempotencyScope = "run" | "attempt" | "global";

/** Makes idempotency keys for triggers and tokens, and frees those of triggers. */
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

  /**
   * Frees a key of a task, as it was given in the trigger's options: the next trigger with it makes a new run. The run that it stood for goes on. Says
   * whether there was one. Safe to repeat. Throws WindlassError.
   */
  async reset(taskIdentifier: string, key: string | readonly string[]): Promise<{ readonly wasSet: boolean }> {
    if (!isTaskId(taskIdentifier)) throw invalidField("taskIdentifier", `${TASK_ID_LIMIT}.`);
    const request = { taskId: taskIdentifier, idempotencyKey: checkKey(key, "key") };
    const connection = defaultConnection();
    const { wasSet } = await callCluster(connection, (call) => connection.tasks.resetIdempotencyKey(request, call));
    return { wasSet };
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

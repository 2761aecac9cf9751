import type { Queryable, Statement } from "@windlass/chassis";
import { lookUp } from "./sql.ts";

/** What the hooks of an ended attempt did: an encoded windlass.v1.Attempt that has only `hooks`. */
export interface AttemptHooksRow {
  readonly run_id: string;
  readonly hooks: Buffer;
}

export const LIST_HOOKS: Statement = {
  name: "list_hooks_of_earlier_attempts",
  text: `
SELECT a.run_id, a.hooks
FROM unnest($1::text[], $2::text[]) AS i (environment_id, run_id)
JOIN attempts a ON ${lookUp("a.environment_id", "i.environment_id")} AND ${lookUp("a.run_id", "i.run_id")}
WHERE position(convert_to($3, 'UTF8') IN a.hooks) > 0`,
};

/** The hook results of the runs' ended attempts in which a name occurs, be it only in an error's text. */
export function listHooksOfEarlierAttempts(
  db: Queryable,
  runs: readonly { readonly environmentId: string; readonly runId: string }[],
  name: string,
): Promise<AttemptHooksRow[]> {
  return db.query<AttemptHooksRow>(LIST_HOOKS, [
    runs.map((run) => run.environmentId),
    runs.map((run) => run.runId),
    name,
  ]);
}

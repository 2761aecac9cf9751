import type { Queryable } from "@windlass/chassis";
import { isRun } from "./sql.ts";

const statement = {
  name: "find_runs",
  text: `
    SELECT q.ord::int4, r.finish_time IS NOT NULL AS has_ended
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY q (environment_id, run_id, ord)
    JOIN runs r ON ${isRun("q.environment_id", "q.run_id")}`,
};

/** Which run of which environment. */
export interface RunRef {
  readonly environmentId: string;
  readonly runId: string;
}

/** For each: whether it has ended, is still going on, or is none of its environment's. */
export async function findRuns(db: Queryable, refs: readonly RunRef[]): Promise<("ended" | "open" | "missing")[]> {
  const rows = await db.query<{ ord: number; has_ended: boolean }>(statement, [
    refs.map(({ environmentId }) => environmentId),
    refs.map(({ runId }) => runId),
  ]);
  const hasEnded = new Map(rows.map((row) => [row.ord, row.has_ended]));
  return refs.map((_, index) => {
    const ended = hasEnded.get(index + 1);
    if (ended === undefined) return "missing";
    return ended ? "ended" : "open";
  });
}

import type { Queryable } from "@windlass/chassis";
import { momentFromMicroseconds } from "./sql.ts";

const statement = {
  name: "reschedule_run",
  text: `
    UPDATE runs r SET due_time = ${momentFromMicroseconds("$3::float8")}, expire_time = r.expire_time + (${momentFromMicroseconds("$3::float8")} - r.due_time), revision = r.revision + 1
    WHERE r.environment_id = $1 AND r.id = $2 AND r.status = 'DELAYED'
    RETURNING ceil(date_part('epoch', r.due_time - now()) * 1000) AS due_in_ms`,
};

/** Moves the start time of a DELAYED run; how long it is until then. Undefined when there is no such run. */
export async function rescheduleRun(
  db: Queryable,
  environmentId: string,
  runId: string,
  startTimeUs: number,
): Promise<number | undefined> {
  const [row] = await db.query<{ due_in_ms: number }>(statement, [environmentId, runId, startTimeUs]);
  return row?.due_in_ms;
}

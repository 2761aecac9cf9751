import type { Queryable } from "@windlass/chassis";
import { ENVIRONMENT_COLUMNS, type EnvironmentRow } from "./environment-row.ts";

const statement = {
  name: "set_environment_limit",
  text: `UPDATE environments SET concurrency_limit = $2 WHERE id = $1 RETURNING ${ENVIRONMENT_COLUMNS}`,
};

/** Bounds how many runs of an environment execute at once; null: not at all. Undefined when there is no such environment. */
export async function setEnvironmentLimit(
  db: Queryable,
  environmentId: string,
  limit: number | null,
): Promise<EnvironmentRow | undefined> {
  const [row] = await db.query<EnvironmentRow>(statement, [environmentId, limit]);
  return row;
}

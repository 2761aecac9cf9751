import type { Queryable, Statement } from "@windlass/chassis";

/** How much an environment's variables are. */
export interface VariablesSize {
  readonly count: number;
  /** Of names and values together, in UTF-8. */
  readonly bytes: number;
}

const MEASURE_VARIABLES: Statement = {
  name: "measure_variables",
  text: `
SELECT count(*)::int4 AS count, coalesce(sum(octet_length(name) + octet_length(value)), 0)::float8 AS bytes
FROM environment_variables WHERE environment_id = $1`,
};

export async function measureVariables(db: Queryable, environmentId: string): Promise<VariablesSize> {
  const [row] = await db.query<VariablesSize>(MEASURE_VARIABLES, [environmentId]);
  return row ?? { count: 0, bytes: 0 };
}

import type { Queryable, Statement } from "@windlass/chassis";

const SET_VARIABLES: Statement = {
  name: "set_variables",
  text: `
INSERT INTO environment_variables AS v (environment_id, name, value)
SELECT $1, i.name, i.value FROM unnest($2::text[], $3::text[]) AS i (name, value)
ON CONFLICT (environment_id, name) DO UPDATE SET value = excluded.value, update_time = now() WHERE v.value <> excluded.value
RETURNING v.name`,
};

/** Defines variables anew; how many of them changed. Lock the environment before. */
export async function setVariables(
  tx: Queryable,
  environmentId: string,
  variables: ReadonlyMap<string, string>,
): Promise<number> {
  const rows = await tx.query(SET_VARIABLES, [
    environmentId,
    Array.from(variables.keys()),
    Array.from(variables.values()),
  ]);
  return rows.length;
}

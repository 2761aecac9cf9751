import type { Queryable, Statement } from "@windlass/chassis";

const DELETE_VARIABLES: Statement = {
  name: "delete_variables",
  text: `DELETE FROM environment_variables WHERE environment_id = $1 AND name = ANY ($2::text[]) RETURNING name`,
};

/** Removes variables; how many there were. Lock the environment before. */
export async function deleteVariables(tx: Queryable, environmentId: string, names: readonly string[]): Promise<number> {
  const rows = await tx.query(DELETE_VARIABLES, [environmentId, names]);
  return rows.length;
}

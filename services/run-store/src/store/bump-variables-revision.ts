import type { Queryable, Statement } from "@windlass/chassis";

const BUMP_VARIABLES_REVISION: Statement = {
  name: "bump_variables_revision",
  text: `
UPDATE environments SET variables_revision = variables_revision + 1 WHERE id = $1
RETURNING variables_revision AS revision`,
};

/** Says that an environment's variables have changed, in the transaction that changes them. Gives the new revision. */
export async function bumpVariablesRevision(tx: Queryable, environmentId: string): Promise<bigint> {
  const [row] = await tx.query<{ revision: bigint }>(BUMP_VARIABLES_REVISION, [environmentId]);
  if (row === undefined) throw new Error(`the environment ${environmentId} is locked and not there`);
  return row.revision;
}

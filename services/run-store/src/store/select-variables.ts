import type { Queryable, Statement } from "@windlass/chassis";

/** An environment's variables, all of one revision. */
export interface VariablesRow {
  readonly revision: bigint;
  readonly variables: ReadonlyMap<string, string>;
}

// One statement, so that the variables are those of the revision.
const SELECT_VARIABLES: Statement = {
  name: "select_variables",
  text: `
SELECT e.variables_revision AS revision, v.name, v.value
FROM environments e LEFT JOIN environment_variables v ON v.environment_id = e.id
WHERE e.id = $1 ORDER BY v.name`,
};

const SELECT_VARIABLES_REVISION: Statement = {
  name: "select_variables_revision",
  text: `SELECT variables_revision AS revision FROM environments WHERE id = $1`,
};

/** Undefined when there is no such environment. */
export async function selectVariables(db: Queryable, environmentId: string): Promise<VariablesRow | undefined> {
  const rows = await db.query<{ revision: bigint; name: string | null; value: string | null }>(SELECT_VARIABLES, [
    environmentId,
  ]);
  const [first] = rows;
  if (first === undefined) return undefined;
  const variables = new Map<string, string>();
  for (const { name, value } of rows) if (name !== null && value !== null) variables.set(name, value);
  return { revision: first.revision, variables };
}

/** Undefined when there is no such environment. */
export async function selectVariablesRevision(db: Queryable, environmentId: string): Promise<bigint | undefined> {
  const [row] = await db.query<{ revision: bigint }>(SELECT_VARIABLES_REVISION, [environmentId]);
  return row?.revision;
}

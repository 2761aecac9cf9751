import type { Queryable, Statement } from "@windlass/chassis";

/** A variable as it is stored. */
export interface VariableRow {
  readonly name: string;
  /** Null when it is sealed. */
  readonly value: string | null;
  readonly sealed: Buffer | null;
  readonly key_id: string | null;
  readonly is_secret: boolean;
}

/** An environment's variables by name, all of one revision. */
export interface VariableRows {
  readonly revision: bigint;
  readonly rows: readonly VariableRow[];
}

// One statement, so that the variables are those of the revision.
const SELECT_VARIABLES: Statement = {
  name: "select_variables",
  text: `
SELECT e.variables_revision AS revision, v.name, v.value, v.sealed, v.key_id, v.is_secret
FROM environments e LEFT JOIN environment_variables v ON v.environment_id = e.id
WHERE e.id = $1 ORDER BY v.name`,
};

const SELECT_VARIABLES_REVISION: Statement = {
  name: "select_variables_revision",
  text: `SELECT variables_revision AS revision FROM environments WHERE id = $1`,
};

/** Undefined when there is no such environment. */
export async function selectVariables(db: Queryable, environmentId: string): Promise<VariableRows | undefined> {
  const rows = await db.query<VariableRow & { readonly revision: bigint }>(SELECT_VARIABLES, [environmentId]);
  const [first] = rows;
  if (first === undefined) return undefined;
  // The only row of an environment without variables has no name.
  return { revision: first.revision, rows: first.name === null ? [] : rows };
}

/** Undefined when there is no such environment. */
export async function selectVariablesRevision(db: Queryable, environmentId: string): Promise<bigint | undefined> {
  const [row] = await db.query<{ revision: bigint }>(SELECT_VARIABLES_REVISION, [environmentId]);
  return row?.revision;
}

import type { Queryable, Statement } from "@windlass/chassis";

/** How many variables a key is needed for. */
export interface VariableKeyCount {
  /** Null: they are not sealed. */
  readonly key_id: string | null;
  readonly count: number;
}

const COUNT_VARIABLE_KEYS: Statement = {
  name: "count_variable_keys",
  text: `SELECT key_id, count(*)::int4 AS count FROM environment_variables GROUP BY key_id ORDER BY key_id`,
};

/** Which keys the stored variables of all environments need. */
export function countVariableKeys(db: Queryable): Promise<readonly VariableKeyCount[]> {
  return db.query<VariableKeyCount>(COUNT_VARIABLE_KEYS, []);
}

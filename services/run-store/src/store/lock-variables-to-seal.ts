import type { Queryable, Statement } from "@windlass/chassis";
import type { VariableRow } from "./select-variables.ts";

const LOCK_VARIABLES_TO_SEAL: Statement = {
  name: "lock_variables_to_seal",
  text: `
SELECT environment_id, name, value, sealed, key_id, is_secret FROM environment_variables
WHERE key_id IS DISTINCT FROM $1 ORDER BY environment_id, name LIMIT $2 FOR UPDATE`,
};

/** Variables that are not sealed with this key, until the transaction ends. */
export function lockVariablesToSeal(
  tx: Queryable,
  keyId: string,
  limit: number,
): Promise<readonly (VariableRow & { readonly environment_id: string })[]> {
  return tx.query(LOCK_VARIABLES_TO_SEAL, [keyId, limit]);
}

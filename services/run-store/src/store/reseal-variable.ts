import type { Queryable, Statement } from "@windlass/chassis";

const RESEAL_VARIABLE: Statement = {
  name: "reseal_variable",
  text: `UPDATE environment_variables SET value = NULL, sealed = $3, key_id = $4 WHERE environment_id = $1 AND name = $2`,
};

/** Stores the same value, sealed with another key. */
export async function resealVariable(
  tx: Queryable,
  variable: { readonly environmentId: string; readonly name: string; readonly sealed: Buffer; readonly keyId: string },
): Promise<void> {
  const { environmentId, name, sealed, keyId } = variable;
  await tx.query(RESEAL_VARIABLE, [environmentId, name, sealed, keyId]);
}

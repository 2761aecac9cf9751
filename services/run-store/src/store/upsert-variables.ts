import { byteaArray, type Queryable, type Statement } from "@windlass/chassis";

/** A variable to be stored. */
export interface SealedVariable {
  readonly name: string;
  readonly sealed: Buffer;
  readonly keyId: string;
  readonly isSecret: boolean;
}

const UPSERT_VARIABLES: Statement = {
  name: "upsert_variables",
  text: `
INSERT INTO environment_variables AS v (environment_id, name, sealed, key_id, is_secret)
SELECT $1, i.name, i.sealed, i.key_id, i.is_secret
FROM unnest($2::text[], $3::bytea[], $4::text[], $5::boolean[]) AS i (name, sealed, key_id, is_secret)
ORDER BY i.name
ON CONFLICT (environment_id, name) DO UPDATE
SET value = NULL, sealed = excluded.sealed, key_id = excluded.key_id, is_secret = excluded.is_secret, update_time = now()`,
};

/** Stores variables, over those that are there. Lock the environment before. */
export async function upsertVariables(
  tx: Queryable,
  environmentId: string,
  variables: readonly SealedVariable[],
): Promise<void> {
  await tx.query(UPSERT_VARIABLES, [
    environmentId,
    variables.map(({ name }) => name),
    byteaArray(variables.map(({ sealed }) => sealed)),
    variables.map(({ keyId }) => keyId),
    variables.map(({ isSecret }) => isSecret),
  ]);
}

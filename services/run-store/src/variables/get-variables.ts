import type { Queryable } from "@windlass/chassis";
import { environmentNotFound } from "../failures.ts";
import { selectVariables, type VariablesRow } from "../store/select-variables.ts";

/** An environment's variables and their revision. Throws ENVIRONMENT_NOT_FOUND. */
export async function getVariables(db: Queryable, environmentId: string): Promise<VariablesRow> {
  const row = await selectVariables(db, environmentId);
  if (row === undefined) throw environmentNotFound(environmentId);
  return row;
}

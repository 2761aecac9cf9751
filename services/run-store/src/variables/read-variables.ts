import type { Queryable } from "@windlass/chassis";
import { environmentNotFound, variableNotFound } from "../failures.ts";
import { selectVariables, type VariableRows } from "../store/select-variables.ts";
import { openVariable } from "./open-variable.ts";
import type { SecretsKeyring } from "./secrets-keyring.ts";

/** What reading variables works with. */
export interface ReadVariablesOptions {
  readonly db: Queryable;
  readonly keyring: SecretsKeyring;
}

/** An environment's variables, all of one revision. */
export interface Variables {
  readonly revision: bigint;
  /** By name, in the order of the names. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretNames: string[];
}

/** An environment's variables; without secret values those of secrets are empty. Throws ENVIRONMENT_NOT_FOUND. */
export async function readVariables(
  { db, keyring }: ReadVariablesOptions,
  environmentId: string,
  withSecretValues: boolean,
): Promise<Variables> {
  const { revision, rows } = await rowsOf(db, environmentId);
  const values = rows.map((row) => {
    const isHidden = row.is_secret && !withSecretValues;
    return [row.name, isHidden ? "" : openVariable(keyring, environmentId, row)] as const;
  });
  const secretNames = rows.filter((row) => row.is_secret).map(({ name }) => name);
  return { revision, values: Object.fromEntries(values), secretNames };
}

/** One variable. Throws ENVIRONMENT_NOT_FOUND, VARIABLE_NOT_FOUND. */
export async function readVariable(
  { db, keyring }: ReadVariablesOptions,
  environmentId: string,
  name: string,
): Promise<{ value: string; isSecret: boolean }> {
  const { rows } = await rowsOf(db, environmentId);
  const row = rows.find((candidate) => candidate.name === name);
  if (row === undefined) throw variableNotFound(name);
  return { value: openVariable(keyring, environmentId, row), isSecret: row.is_secret };
}

async function rowsOf(db: Queryable, environmentId: string): Promise<VariableRows> {
  const found = await selectVariables(db, environmentId);
  if (found === undefined) throw environmentNotFound(environmentId);
  return found;
}

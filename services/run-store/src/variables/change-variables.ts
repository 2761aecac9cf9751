import type { Postgres, Queryable } from "@windlass/chassis";
import { fieldInvalid } from "@windlass/proto/grpc";
import { environmentNotFound, variableExists, variableNotFound } from "../failures.ts";
import { bumpVariablesRevision } from "../store/bump-variables-revision.ts";
import { deleteVariables as deleteRows } from "../store/delete-variables.ts";
import { lockEnvironment } from "../store/lock-environment.ts";
import { selectVariables, type VariableRow } from "../store/select-variables.ts";
import { upsertVariables } from "../store/upsert-variables.ts";
import { openVariable, sealVariable } from "./open-variable.ts";
import type { SecretsKeyring } from "./secrets-keyring.ts";
import type { VariablesRevisions } from "./variables-revisions.ts";

/** What changing variables works with. */
export interface ChangeVariablesOptions {
  readonly postgres: Postgres;
  readonly keyring: SecretsKeyring;
  readonly variablesRevisions: VariablesRevisions;
}

/** Variables to define. */
export interface VariablesToSet {
  readonly values: ReadonlyMap<string, string>;
  /** Undefined: those that are there stay what they are, new ones become secrets. */
  readonly isSecret: boolean | undefined;
  /** Which of them may be there already. */
  readonly allowed: "any" | "only new" | "only existing";
}

/** How many variables a list shows, hence how many an environment may have. */
export const MAX_VARIABLES = 1_000;
/** Of all names and values of an environment: they travel in one answer, and a process' environment has a limit of its own. */
const MAX_TOTAL_BYTES = 1024 * 1024;

/**
 * Defines variables, all or none. Those that stay as they were are no change; if their key is not the current one, they are sealed
 * anew nonetheless. Throws FIELD_INVALID when the environment would have too many, VARIABLE_EXISTS, VARIABLE_NOT_FOUND, ENVIRONMENT_NOT_FOUND.
 */
export async function setVariables(
  options: ChangeVariablesOptions,
  environmentId: string,
  { values, isSecret, allowed }: VariablesToSet,
): Promise<void> {
  const { keyring } = options;
  await change(options, environmentId, async (tx) => {
    const stored = new Map((await selectVariables(tx, environmentId))?.rows.map((row) => [row.name, row]));
    checkAllowed(allowed, values, stored);
    const open = (row: VariableRow) => openVariable(keyring, environmentId, row);
    checkSize(new Map([...stored.values()].map((row) => [row.name, open(row)])), values);
    let changes = 0;
    const sealed = [];
    for (const [name, value] of values) {
      const row = stored.get(name);
      const variable = { name, isSecret: isSecret ?? row?.is_secret ?? true };
      const isChanged = row === undefined || row.is_secret !== variable.isSecret || open(row) !== value;
      if (isChanged) changes += 1;
      if (isChanged || row.key_id !== keyring.currentKeyId)
        sealed.push({ ...variable, ...sealVariable(keyring, environmentId, name, value) });
    }
    if (sealed.length > 0) await upsertVariables(tx, environmentId, sealed);
    return changes;
  });
}

/** Removes variables; those that are not there are passed over. Throws ENVIRONMENT_NOT_FOUND. */
export async function deleteVariables(
  options: ChangeVariablesOptions,
  environmentId: string,
  names: readonly string[],
): Promise<void> {
  await change(options, environmentId, (tx) => deleteRows(tx, environmentId, names));
}

/** Changes take turns, so that the limits hold and each revision stands for one set of variables. */
async function change(
  { postgres, variablesRevisions }: ChangeVariablesOptions,
  environmentId: string,
  work: (tx: Queryable) => Promise<number>,
): Promise<void> {
  const revision = await postgres.transaction(async (tx) => {
    if ((await lockEnvironment(tx, environmentId)) === undefined) throw environmentNotFound(environmentId);
    return (await work(tx)) === 0 ? undefined : bumpVariablesRevision(tx, environmentId);
  });
  if (revision !== undefined) variablesRevisions.set(environmentId, revision);
}

function checkAllowed(
  allowed: VariablesToSet["allowed"],
  values: ReadonlyMap<string, string>,
  stored: ReadonlyMap<string, VariableRow>,
): void {
  if (allowed === "any") return;
  const names = Array.from(values.keys());
  const existing = names.filter((name) => stored.has(name));
  if (allowed === "only new" && existing.length > 0) throw variableExists(existing);
  const missing = names.find((name) => !stored.has(name));
  if (allowed === "only existing" && missing !== undefined) throw variableNotFound(missing);
}

function checkSize(before: ReadonlyMap<string, string>, values: ReadonlyMap<string, string>): void {
  const after = new Map([...before, ...values]);
  if (after.size > MAX_VARIABLES) throw tooMuch(`at most ${MAX_VARIABLES}; it would have ${after.size}`);
  let bytes = 0;
  for (const [name, value] of after) bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (bytes > MAX_TOTAL_BYTES)
    throw tooMuch(`at most ${MAX_TOTAL_BYTES} bytes (1 MB), names included; it would have ${bytes}`);
}

function tooMuch(limit: string) {
  return fieldInvalid({ field: "variables", description: `must leave the environment ${limit}.` });
}

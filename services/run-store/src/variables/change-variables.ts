import type { Postgres, Queryable } from "@windlass/chassis";
import { fieldInvalid } from "@windlass/proto/grpc";
import { environmentNotFound } from "../failures.ts";
import { bumpVariablesRevision } from "../store/bump-variables-revision.ts";
import { deleteVariables as deleteRows } from "../store/delete-variables.ts";
import { lockEnvironment } from "../store/lock-environment.ts";
import { measureVariables } from "../store/measure-variables.ts";
import { setVariables as setRows } from "../store/set-variables.ts";
import type { VariablesRevisions } from "./variables-revisions.ts";

/** What changing variables works with. */
export interface ChangeVariablesOptions {
  readonly postgres: Postgres;
  readonly variablesRevisions: VariablesRevisions;
}

/** How many variables a list shows, hence how many an environment may have. */
export const MAX_VARIABLES = 1_000;
/** Of all names and values of an environment: they travel in one answer, and a process' environment has a limit of its own. */
const MAX_TOTAL_BYTES = 1024 * 1024;

/** Defines variables, all or none. Values that stay as they were are no change. Throws FIELD_INVALID when the environment would have too many, ENVIRONMENT_NOT_FOUND. */
export async function setVariables(
  options: ChangeVariablesOptions,
  environmentId: string,
  variables: ReadonlyMap<string, string>,
): Promise<void> {
  await change(options, environmentId, async (tx) => {
    const changed = await setRows(tx, environmentId, variables);
    const { count, bytes } = await measureVariables(tx, environmentId);
    if (count > MAX_VARIABLES) throw tooMuch(`at most ${MAX_VARIABLES}; it would have ${count}`);
    if (bytes > MAX_TOTAL_BYTES)
      throw tooMuch(`at most ${MAX_TOTAL_BYTES} bytes (1 MB), names included; it would have ${bytes}`);
    return changed;
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

function tooMuch(limit: string) {
  return fieldInvalid({ field: "variables", description: `must leave the environment ${limit}.` });
}

import type { VariableRow } from "../store/select-variables.ts";
import type { Sealed, SecretsKeyring } from "./secrets-keyring.ts";

/** The value of a stored variable. Throws when it cannot be decrypted, saying of which variable and why, and nothing of the value. */
export function openVariable(keyring: SecretsKeyring, environmentId: string, row: VariableRow): string {
  if (row.value !== null) return row.value;
  try {
    return keyring.open(
      { keyId: row.key_id ?? "", sealed: row.sealed ?? Buffer.alloc(0) },
      contextOf(environmentId, row.name),
    );
  } catch (cause) {
    throw new Error(`The variable ${row.name} of the environment ${environmentId} cannot be decrypted.`, { cause });
  }
}

/** A value sealed for this environment and name: copied to another row it cannot be opened. */
export function sealVariable(keyring: SecretsKeyring, environmentId: string, name: string, value: string): Sealed {
  return keyring.seal(value, contextOf(environmentId, name));
}

/** Neither ids nor names have a NUL. */
function contextOf(environmentId: string, name: string): string {
  return `${environmentId}\0${name}`;
}

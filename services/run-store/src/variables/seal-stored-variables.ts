import type { Logger, Postgres } from "@windlass/chassis";
import { countVariableKeys } from "../store/count-variable-keys.ts";
import { lockVariablesToSeal } from "../store/lock-variables-to-seal.ts";
import { resealVariable } from "../store/reseal-variable.ts";
import { openVariable, sealVariable } from "./open-variable.ts";
import type { SecretsKeyring } from "./secrets-keyring.ts";

const PAGE = 100;

/**
 * At the start of a run-store: seals with the current key what is sealed with another one, or was stored before there was
 * encryption, so that older keys can be taken away. A crash leaves some of it for the next start; replicas take turns at the rows.
 * Throws when variables are there whose key is not configured: nobody could execute their environments' tasks.
 */
export async function sealStoredVariables(options: {
  readonly postgres: Postgres;
  readonly keyring: SecretsKeyring;
  readonly logger: Logger;
}): Promise<void> {
  const { postgres, keyring, logger } = options;
  const missing = (await countVariableKeys(postgres)).filter(
    ({ key_id: keyId }) => keyId !== null && !keyring.keyIds.has(keyId),
  );
  if (missing.length > 0) {
    const needed = missing.map(({ key_id: keyId, count }) => `${keyId} (${count} variables)`).join(", ");
    throw new Error(
      `WINDLASS_SECRETS_KEYS lacks keys that stored variables are encrypted with: ${needed}. It has ${Array.from(keyring.keyIds).join(", ")}. Add them after the first key.`,
    );
  }
  let sealed = 0;
  let count: number;
  do {
    count = await sealPage(postgres, keyring);
    sealed += count;
  } while (count === PAGE);
  if (sealed > 0) logger.info("variables were encrypted with the current key", { sealed, keyId: keyring.currentKeyId });
}

async function sealPage(postgres: Postgres, keyring: SecretsKeyring): Promise<number> {
  return postgres.transaction(async (tx) => {
    const rows = await lockVariablesToSeal(tx, keyring.currentKeyId, PAGE);
    for (const row of rows) {
      const { environment_id: environmentId, name } = row;
      const sealed = sealVariable(keyring, environmentId, name, openVariable(keyring, environmentId, row));
      await resealVariable(tx, { environmentId, name, ...sealed });
    }
    return rows.length;
  });
}

import type { Clock, Queryable } from "@windlass/chassis";
import { createExpiringMap } from "../auth/expiring-map.ts";
import { environmentNotFound } from "../failures.ts";
import { selectVariablesRevision } from "../store/select-variables.ts";

/** Which revision each environment's variables have, so that no claim has to ask. */
export interface VariablesRevisions {
  /** At once when it was read a moment ago. A change made by another replica is seen within 2 s. Throws ENVIRONMENT_NOT_FOUND. */
  get(environmentId: string): bigint | Promise<bigint>;
  /** Takes over a change that this process has committed. */
  set(environmentId: string, revision: bigint): void;
}

const MAX_AGE_MS = 2_000;
const MAX_KNOWN = 10_000;

/** Claims that ask for one environment at the same time share the question. An environment whose tasks rest is not asked for. */
export function createVariablesRevisions(db: Queryable, clock: Clock): VariablesRevisions {
  const known = createExpiringMap<bigint>({ ttlMs: MAX_AGE_MS, limit: MAX_KNOWN, clock });
  const questions = new Map<string, Promise<bigint>>();

  const read = async (environmentId: string): Promise<bigint> => {
    const revision = await selectVariablesRevision(db, environmentId);
    if (revision === undefined) throw environmentNotFound(environmentId);
    return revision;
  };

  const ask = (environmentId: string): Promise<bigint> => {
    const question = read(environmentId)
      .then((revision) => {
        // A change committed here meanwhile is newer than what was read.
        if (questions.get(environmentId) === question) known.set(environmentId, revision);
        return known.get(environmentId) ?? revision;
      })
      .finally(() => {
        if (questions.get(environmentId) === question) questions.delete(environmentId);
      });
    questions.set(environmentId, question);
    return question;
  };

  return {
    get: (environmentId) => known.get(environmentId) ?? questions.get(environmentId) ?? ask(environmentId),
    set(environmentId, revision) {
      questions.delete(environmentId);
      known.set(environmentId, revision);
    },
  };
}

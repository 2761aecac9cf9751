import type { Clock } from "@windlass/chassis";
import { createExpiringMap } from "./expiring-map.ts";

// A revoked key must stop working within 10 s: up to 4 s pass here, up to 5 s more until an open stream asks again, and the rest is for the asking.
const KNOWN_TTL_MS = 4_000;
const UNKNOWN_TTL_MS = 1_000;
const KNOWN_LIMIT = 10_000;
const UNKNOWN_LIMIT = 1_000;

/** Finds out which environment a key belongs to. */
export interface ApiKeyLookup {
  /** The environment of the working key with this SHA-256, or undefined. The answer is remembered for some seconds; a failure to get one is not. */
  findEnvironmentId(hash: Buffer): Promise<string | undefined>;
  /** Forgets a key, so that its revocation counts at once where it was made. */
  forget(hash: Buffer): void;
}

/**
 * Keeps every call from asking the database for its key. Calls that come with the same key while it is asked for share the question.
 * Unknown keys are remembered apart from known ones, so that junk cannot push those out.
 */
export function createApiKeyLookup(options: {
  readonly find: (hash: Buffer) => Promise<string | undefined>;
  readonly clock: Clock;
}): ApiKeyLookup {
  const { find, clock } = options;
  const known = createExpiringMap<string>({ ttlMs: KNOWN_TTL_MS, limit: KNOWN_LIMIT, clock });
  const unknown = createExpiringMap<true>({ ttlMs: UNKNOWN_TTL_MS, limit: UNKNOWN_LIMIT, clock });
  const questions = new Map<string, Promise<string | undefined>>();

  const ask = (key: string, hash: Buffer): Promise<string | undefined> => {
    const question = find(hash)
      .then((environmentId) => {
        // A key that was forgotten meanwhile may have been read before its revocation: those who asked are answered, later calls ask again.
        if (questions.get(key) !== question) return environmentId;
        if (environmentId === undefined) unknown.set(key, true);
        else known.set(key, environmentId);
        return environmentId;
      })
      .finally(() => {
        if (questions.get(key) === question) questions.delete(key);
      });
    questions.set(key, question);
    return question;
  };

  return {
    findEnvironmentId(hash) {
      const key = hash.toString("base64");
      const environmentId = known.get(key);
      if (environmentId !== undefined) return Promise.resolve(environmentId);
      if (unknown.get(key) === true) return Promise.resolve(undefined);
      return questions.get(key) ?? ask(key, hash);
    },
    forget(hash) {
      const key = hash.toString("base64");
      known.delete(key);
      questions.delete(key);
    },
  };
}

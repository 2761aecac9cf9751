import type { Clock } from "@windlass/chassis";
import { createExpiringMap } from "./expiring-map.ts";

const UNKNOWN_TTL_MS = 1_000;
const KNOWN_LIMIT = 10_000;
const UNKNOWN_LIMIT = 1_000;

/** Answers a question for many at once, and remembers the answer. */
export interface SharedLookup<T> {
  /** Undefined when there is no such thing. The answer is remembered for a while; a failure to get one is not. */
  find(key: string): Promise<T | undefined>;
  /** Forgets what is known of a key. */
  forget(key: string): void;
}

/**
 * Keeps every call from asking the database. Calls that come with the same key while it is asked for share the question. Unknown keys are remembered for a second, and
 * apart from known ones, so that junk cannot push those out.
 */
export function createSharedLookup<T extends {}>(options: {
  readonly find: (key: string) => Promise<T | undefined>;
  readonly knownTtlMs: number;
  readonly clock: Clock;
}): SharedLookup<T> {
  const { clock } = options;
  const known = createExpiringMap<T>({ ttlMs: options.knownTtlMs, limit: KNOWN_LIMIT, clock });
  const unknown = createExpiringMap<true>({ ttlMs: UNKNOWN_TTL_MS, limit: UNKNOWN_LIMIT, clock });
  const questions = new Map<string, Promise<T | undefined>>();

  const ask = (key: string): Promise<T | undefined> => {
    const question = options
      .find(key)
      .then((answer) => {
        // What was forgotten meanwhile may have been read before it changed: those who asked are answered, later calls ask again.
        if (questions.get(key) !== question) return answer;
        if (answer === undefined) unknown.set(key, true);
        else known.set(key, answer);
        return answer;
      })
      .finally(() => {
        if (questions.get(key) === question) questions.delete(key);
      });
    questions.set(key, question);
    return question;
  };

  return {
    find(key) {
      const answer = known.get(key);
      if (answer !== undefined) return Promise.resolve(answer);
      if (unknown.get(key) === true) return Promise.resolve(undefined);
      return questions.get(key) ?? ask(key);
    },
    forget(key) {
      known.delete(key);
      questions.delete(key);
    },
  };
}

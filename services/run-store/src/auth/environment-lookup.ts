import type { Clock } from "@windlass/chassis";
import { createExpiringMap } from "./expiring-map.ts";

/** Environments are never removed, so that a known one need not be asked for again soon. */
const KNOWN_TTL_MS = 10 * 60 * 1_000;
const UNKNOWN_TTL_MS = 1_000;
const KNOWN_LIMIT = 10_000;
const UNKNOWN_LIMIT = 1_000;

/** Finds out whether there is an environment. */
export interface EnvironmentLookup {
  /** The answer is remembered; a failure to get one is not. */
  exists(environmentId: string): Promise<boolean>;
}

/** Keeps calls for an environment from asking the database each time. */
export function createEnvironmentLookup(options: {
  readonly find: (environmentId: string) => Promise<boolean>;
  readonly clock: Clock;
}): EnvironmentLookup {
  const { find, clock } = options;
  const known = createExpiringMap<true>({ ttlMs: KNOWN_TTL_MS, limit: KNOWN_LIMIT, clock });
  const unknown = createExpiringMap<true>({ ttlMs: UNKNOWN_TTL_MS, limit: UNKNOWN_LIMIT, clock });
  return {
    async exists(environmentId) {
      if (known.get(environmentId) === true) return true;
      if (unknown.get(environmentId) === true) return false;
      const isThere = await find(environmentId);
      (isThere ? known : unknown).set(environmentId, true);
      return isThere;
    },
  };
}

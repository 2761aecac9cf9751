import type { Clock } from "@windlass/chassis";
import { createSharedLookup } from "./shared-lookup.ts";

// A revoked key must stop working within 10 s: up to 4 s pass here, up to 5 s more until an open stream asks again, and the rest is for the asking.
const KNOWN_TTL_MS = 4_000;

/** Finds out which environment a key belongs to. */
export interface ApiKeyLookup {
  /** The environment of the working key with this SHA-256, or undefined. The answer is remembered for some seconds; a failure to get one is not. */
  findEnvironmentId(hash: Buffer): Promise<string | undefined>;
  /** Forgets a key, so that its revocation counts at once where it was made. */
  forget(hash: Buffer): void;
}

/** Keeps every call from asking the database for its key. */
export function createApiKeyLookup(options: {
  readonly find: (hash: Buffer) => Promise<string | undefined>;
  readonly clock: Clock;
}): ApiKeyLookup {
  const lookup = createSharedLookup({
    find: (key) => options.find(Buffer.from(key, "base64")),
    knownTtlMs: KNOWN_TTL_MS,
    clock: options.clock,
  });
  return {
    findEnvironmentId: (hash) => lookup.find(hash.toString("base64")),
    forget: (hash) => lookup.forget(hash.toString("base64")),
  };
}

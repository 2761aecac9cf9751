import { apiKeyInvalid, type Clock, type Principal } from "@windlass/chassis";
import type { ApiKeyLookup } from "./api-key-lookup.ts";
import { isSignedWith, parsePublicToken } from "./public-token.ts";
import { createSharedLookup } from "./shared-lookup.ts";

/** Which key a fingerprint stands for never changes; whether that key works is asked each time. */
const KNOWN_TTL_MS = 10 * 60 * 1_000;

/** The key that a token says it was signed with. */
export interface KeyReference {
  readonly environmentSlug: string;
  readonly fingerprint: Buffer;
}

/** Tells what a public access token opens. */
export interface PublicAccess {
  /** Throws API_KEY_INVALID, which says whether the token is damaged, was not signed with a working key, or has expired; NOT_READY when keys cannot be read. */
  identify(token: string): Promise<Extract<Principal, { kind: "public" }>>;
}

/** `findKeyHash`: what is stored of the key, undefined when there is none that works. */
export function createPublicAccess(options: {
  readonly findKeyHash: (key: KeyReference) => Promise<Buffer | undefined>;
  readonly apiKeys: ApiKeyLookup;
  readonly clock: Clock;
}): PublicAccess {
  const { findKeyHash, apiKeys, clock } = options;
  const keyHashes = createSharedLookup({
    find: (key) => {
      const [environmentSlug = "", fingerprint = ""] = key.split("/");
      return findKeyHash({ environmentSlug, fingerprint: Buffer.from(fingerprint, "base64url") });
    },
    knownTtlMs: KNOWN_TTL_MS,
    clock,
  });
  return {
    async identify(token) {
      const parsed = parsePublicToken(token);
      if (parsed === undefined) throw apiKeyInvalid("This public access token is damaged, or was cut off.");
      const { environment, key, scopes, expireTime } = parsed.payload;
      const keyHash = await keyHashes.find(`${environment}/${key}`);
      if (keyHash === undefined || !isSignedWith(parsed, keyHash)) throw notSigned();
      // The cache of API keys knows first of a revocation.
      const environmentId = await apiKeys.findEnvironmentId(keyHash);
      if (environmentId === undefined) throw notSigned();
      const expireMs = expireTime * 1_000;
      if (expireMs <= clock.nowMs())
        throw apiKeyInvalid(`This public access token expired at ${new Date(expireMs).toISOString()}; make a new one.`);
      return { kind: "public", environmentId, runIds: new Set(scopes.read.runs) };
    },
  };
}

/** Nobody is told which of both it is. */
function notSigned() {
  return apiKeyInvalid(
    "This public access token was not signed with a working API key: it is forged, or its key was revoked.",
  );
}

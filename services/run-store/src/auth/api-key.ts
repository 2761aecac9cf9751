import { createHash, randomInt } from "node:crypto";

/** A key as it looks: "wl_", the environment's slug, "_", 32 random characters (190 bits). */
const API_KEY = /^wl_([a-z0-9-]{1,64})_[A-Za-z0-9]{32}$/;
const BASE62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const RANDOM_CHARACTERS = 32;

/** Makes a new key for an environment. Only its hash may be stored. */
export function createApiKeySecret(slug: string): string {
  const random = Array.from({ length: RANDOM_CHARACTERS }, () => BASE62[randomInt(BASE62.length)]);
  return `wl_${slug}_${random.join("")}`;
}

/** The slug that a key names, or undefined when the text is no key of ours at all. */
export function slugOfApiKey(secret: string): string | undefined {
  return API_KEY.exec(secret)?.[1];
}

/**
 * What is stored of a key, and what it is found by. A plain SHA-256 is enough: nobody guesses 190 random bits, and slow hashes only protect secrets that
 * people make up.
 */
export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

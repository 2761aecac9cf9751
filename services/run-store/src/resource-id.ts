import { randomBytes } from "node:crypto";

/** The kinds of things that get an id here, by the word their ids start with. */
export type IdPrefix = "dep" | "env" | "key" | "sched" | "token";

/** Crockford's base32 in lower case: sorts as it counts, and has no letters that look alike. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARACTERS = 10;
const RANDOM_BYTES = 10;

/**
 * Makes ids such as "env_01kb…": the prefix, 48 bits of milliseconds and 80 random bits. They sort by the time they were made, to the millisecond and across
 * processes as well as their clocks agree.
 */
export function newResourceId(prefix: IdPrefix, nowMs: number): string {
  let time = "";
  for (let rest = nowMs, index = 0; index < TIME_CHARACTERS; index += 1) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  return `${prefix}_${time}${base32(randomBytes(RANDOM_BYTES))}`;
}

/** The milliseconds in an id: when it was made. */
export function timeOfResourceId(id: string): number {
  const start = id.indexOf("_") + 1;
  let time = 0;
  for (const character of id.slice(start, start + TIME_CHARACTERS)) time = time * 32 + ALPHABET.indexOf(character);
  return time;
}

function base32(bytes: Buffer): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return text;
}

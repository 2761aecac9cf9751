// Crockford's base 32 in lower case, of which ids are made: it sorts as it counts, and has no letters that look alike.
import { randomBytes } from "node:crypto";

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** The last `count` digits of a whole number, which must be one that a double holds exactly. */
export function base32Digits(value: number, count: number): string {
  let text = "";
  let rest = value;
  for (let index = 0; index < count; index += 1) {
    text = DIGITS.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** The number that digits stand for. */
export function numberOfBase32(digits: string): number {
  let value = 0;
  for (const digit of digits) value = value * 32 + DIGITS.indexOf(digit);
  return value;
}

/** So many digits at random, each worth five bits that nobody can guess. */
export function randomBase32(count: number): string {
  let text = "";
  for (const byte of randomBytes(count)) text += DIGITS.charAt(byte % 32);
  return text;
}

import { base32Digits, numberOfBase32, randomBase32 } from "./base32.ts";

/** The kinds of things that get an id here, by the word their ids start with. */
export type IdPrefix = "dep" | "env" | "key" | "sched" | "token";

const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * Makes ids such as "env_01kb…": the prefix, 48 bits of milliseconds and 80 random bits. They sort by the time they were made, to the millisecond and across
 * processes as well as their clocks agree.
 */
export function newResourceId(prefix: IdPrefix, nowMs: number): string {
  return `${prefix}_${base32Digits(nowMs, TIME_DIGITS)}${randomBase32(RANDOM_DIGITS)}`;
}

/** The milliseconds in an id: when it was made. */
export function timeOfResourceId(id: string): number {
  const start = id.indexOf("_") + 1;
  return numberOfBase32(id.slice(start, start + TIME_DIGITS));
}

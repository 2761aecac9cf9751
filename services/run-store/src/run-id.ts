import { randomInt } from "node:crypto";
import { base32Digits } from "./base32.ts";

/** Makes the ids of runs. */
export type RunIds = () => string;

const TIME_DIGITS = 10;
/** The 16 random digits are counted in two numbers of 8, which a double holds exactly. */
const HALF_DIGITS = 8;
const HALF_LIMIT = 32 ** HALF_DIGITS;

/**
 * "run_", 10 digits of milliseconds since 1970 and 16 random ones, as in a ULID. Ids of one process grow with every call, also within a millisecond and when the
 * clock is set back; ids of two processes grow with time. So `id DESC` is newest first, and runs queued in one batch keep the order of their triggers.
 */
export function createRunIds(nowMs: () => number, random: (limit: number) => number = randomBelow): RunIds {
  let lastMs = 0;
  let low = 0;
  /** Everything but the last 8 digits: built once a millisecond. */
  let prefix = "";

  const begin = (timeMs: number): void => {
    lastMs = timeMs;
    prefix = `run_${base32Digits(timeMs, TIME_DIGITS)}${base32Digits(random(HALF_LIMIT), HALF_DIGITS)}`;
    // The upper half of the range stays free for counting.
    low = random(HALF_LIMIT / 2);
  };

  return () => {
    const timeMs = nowMs();
    if (timeMs > lastMs) begin(timeMs);
    else if (low + 1 < HALF_LIMIT) low += 1;
    else begin(lastMs + 1);
    return prefix + base32Digits(low, HALF_DIGITS);
  };
}

/** No id that is made at that moment, in milliseconds since 1970, or later is below it, and every one made before is. */
export function runIdBound(timeMs: number): string {
  return `run_${base32Digits(Math.max(0, Math.floor(timeMs)), TIME_DIGITS)}`;
}

/** `randomInt` takes limits below 2 ** 48. */
function randomBelow(limit: number): number {
  return randomInt(limit);
}

import { DURATION_LIMIT, parseDurationMs } from "./duration.ts";
import { invalidField } from "./windlass-error.ts";

const DAY_S = 24 * 60 * 60;
const MAX_S = 366 * DAY_S;

/** When a token expires: a moment, in seconds since 1970 or as a Date, or how long it lasts. */
export type TokenExpiry = string | number | Date;

/** A day from now, in seconds since 1970. */
export function defaultTokenExpiry(nowMs: number): number {
  return Math.floor(nowMs / 1_000) + DAY_S;
}

/** In seconds since 1970; a day from now when nothing is said. Throws FIELD_INVALID for what is no time, is over, or is more than 366 days away. */
export function checkTokenExpiry(expiry: TokenExpiry | undefined, field: string, nowMs: number): number {
  if (expiry === undefined) return defaultTokenExpiry(nowMs);
  const nowS = Math.floor(nowMs / 1_000);
  const expireTime = secondsOf(expiry, field, nowS);
  if (expireTime > nowS && expireTime <= nowS + MAX_S) return expireTime;
  throw invalidField(field, "must be in the future, and at most 366 days away; a number is in seconds since 1970.");
}

function secondsOf(expiry: TokenExpiry, field: string, nowS: number): number {
  const durationMs = typeof expiry === "string" ? parseDurationMs(expiry) : undefined;
  if (durationMs !== undefined) return nowS + Math.floor(durationMs / 1_000);
  const moment = expiry instanceof Date ? Math.floor(expiry.getTime() / 1_000) : expiry;
  if (Number.isInteger(moment)) return moment as number;
  throw invalidField(field, `must be a Date, a whole number of seconds since 1970, or ${DURATION_LIMIT}.`);
}

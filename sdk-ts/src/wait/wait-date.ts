/** How long `wait.for` waits: one of these. Months and years are those of the calendar, in UTC. */
export type WaitForOptions =
  | { readonly seconds: number }
  | { readonly minutes: number }
  | { readonly hours: number }
  | { readonly days: number }
  | { readonly weeks: number }
  | { readonly months: number }
  | { readonly years: number };

const UNIT_MS = { seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000, weeks: 604_800_000 } as const;
const UNITS = [...Object.keys(UNIT_MS), "months", "years"];

/** The moment at which a wait that begins at `nowMs` ends. Throws a TypeError that says what a duration looks like. */
export function waitForDate(options: WaitForOptions, nowMs: number): Date {
  const entries = Object.entries(options ?? {});
  const [unit, amount] = entries[0] ?? [];
  if (entries.length !== 1 || unit === undefined || !UNITS.includes(unit)) {
    throw new TypeError(`wait.for takes one of ${UNITS.join(", ")}, for example { seconds: 30 }`);
  }
  if (typeof amount !== "number" || !(amount >= 0)) {
    throw new TypeError(`wait.for: ${unit} must be a number, 0 or more`);
  }
  const date = isFixed(unit) ? new Date(nowMs + amount * UNIT_MS[unit]) : addMonths(nowMs, unit, amount);
  if (Number.isNaN(date.getTime())) throw new TypeError(`wait.for: ${amount} ${unit} is further than a Date can say`);
  return date;
}

function isFixed(unit: string): unit is keyof typeof UNIT_MS {
  return unit in UNIT_MS;
}

/** The last of the month when the month has no such day: a month after January 31 is February 28. */
function addMonths(nowMs: number, unit: string, amount: number): Date {
  const months = unit === "years" ? amount * 12 : amount;
  if (!Number.isInteger(months)) throw new TypeError(`wait.for: ${unit} must be whole`);
  const date = new Date(nowMs);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  date.setUTCDate(Math.min(day, daysInMonth(date)));
  return date;
}

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

import { Cron } from "croner";

/** When a schedule ticks: five fields, in an IANA time zone; "" is UTC. */
export interface CronRule {
  readonly expression: string;
  readonly timezone: string;
}

/** The next ticks, or what is wrong with the rule. */
export type NextTicks =
  | { readonly ticksMs: readonly number[]; readonly problem?: never }
  | { readonly ticksMs?: never; readonly problem: string };

/** The first ticks after a moment, by the library and the settings by which the cluster makes them. */
export function nextTicks({ expression, timezone }: CronRule, afterMs: number, count: number): NextTicks {
  if (expression.trim().split(/\s+/u).length !== 5)
    return { problem: "Five fields are needed: minute, hour, day of month, month, day of week." };
  try {
    const cron = new Cron(expression.trim(), {
      timezone: timezone === "" ? "UTC" : timezone,
      mode: "5-part",
      fixedTimeRule: "no-wildcard",
      paused: true,
    });
    const ticksMs = cron.nextRuns(count, new Date(afterMs)).map((date) => date.getTime());
    return ticksMs.length === 0 ? { problem: "It never ticks: there is no such day." } : { ticksMs };
  } catch (error) {
    return { problem: error instanceof Error ? error.message.replace(/^CronPattern: /u, "") : String(error) };
  }
}

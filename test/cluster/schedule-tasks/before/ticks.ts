import { schedules } from "@windlass/sdk";

/** Triggered by schedules that a test makes; gives back its tick, and of what it is made. */
export const records = schedules.task({
  id: "records",
  run: async (tick) => ({ tick, areDates: [tick.timestamp, ...tick.upcoming].every((date) => date instanceof Date) }),
});

/** Has a schedule of its own. */
export const nightly = schedules.task({
  id: "nightly",
  cron: { pattern: "30 2 * * *", timezone: "Europe/Berlin" },
  run: async (tick) => ({ tick }),
});

/** Has one in this version only. */
export const dropped = schedules.task({ id: "dropped", cron: "0 0 1 1 *", run: async () => {} });

import { schedules } from "@windlass/sdk";

/** As before. */
export const records = schedules.task({ id: "records", run: async (tick) => ({ tick }) });

/** At another time. */
export const nightly = schedules.task({ id: "nightly", cron: "0 3 * * *", run: async (tick) => ({ tick }) });

/** Its schedule is gone. */
export const dropped = schedules.task({ id: "dropped", run: async () => {} });

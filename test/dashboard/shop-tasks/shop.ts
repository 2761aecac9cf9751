import { queue, schedules, schemaTask, task } from "@trigger.dev/sdk";
import { z } from "zod";

const mail = queue({ name: "mail", concurrencyLimit: 4 });

/** Fails for who has no address. */
export const sendInvoice = task({
  id: "send-invoice",
  description: "Sends a customer the invoice of an order.",
  queue: mail,
  retry: { maxAttempts: 2, minTimeoutInMs: 50, maxTimeoutInMs: 100, factor: 1 },
  machine: "micro",
  maxDuration: 60,
  run: async ({ order, email }: { order: number; email?: string }) => {
    if (email === undefined) throw new Error(`Order ${order} has no address`);
    return { order, sent: true };
  },
});

/** Its payload is a Map, and so superjson. */
export const countWords = task({
  id: "count-words",
  run: async (words: Map<string, number>) => [...words.values()].reduce((sum, count) => sum + count, 0),
});

export const nightlyReport = schedules.task({
  id: "nightly-report",
  description: "Sums up the day.",
  cron: { pattern: "30 2 * * *", timezone: "Europe/Berlin" },
  run: async (tick) => ({ day: tick.timestamp.toISOString(), zone: tick.timezone, of: tick.externalId ?? null }),
});

/** Ticks only by schedules that are created. */
export const digest = schedules.task({
  id: "digest",
  run: async (tick) => ({
    at: tick.timestamp.toISOString(),
    isDate: tick.timestamp instanceof Date,
    to: tick.externalId,
  }),
});

/** Its payload is described by a schema, which is deployed with it. */
export const shipOrder = schemaTask({
  id: "ship-order",
  description: "Sends what was ordered.",
  queue: { concurrencyLimit: 3, rateLimit: { limit: 100, period: "1m" }, maxLength: 1_000 },
  retry: { maxAttempts: 5, outOfMemory: { machine: "large-1x" } },
  schema: z.object({
    order: z.int().positive().describe("Its number"),
    email: z.email(),
    size: z.enum(["small", "large"]).default("small"),
    items: z.array(z.object({ article: z.string().min(3), count: z.int().min(1).max(99) })).min(1),
    notBefore: z.coerce.date<string>().optional(),
    note: z.string().max(200).nullable().optional(),
  }),
  run: async ({ order, items, notBefore }) => ({
    order,
    count: items.reduce((sum, { count }) => sum + count, 0),
    isDate: notBefore instanceof Date,
  }),
});

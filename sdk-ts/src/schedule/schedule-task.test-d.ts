import { describe, expectTypeOf, it } from "vitest";
import {
  type CreateScheduleOptions,
  type CronOption,
  schedules,
  type ScheduleTick,
  type TaskOutput,
  type TaskPayload,
} from "../index.ts";

describe("a scheduled task", () => {
  it("has a tick as payload, in run and in hooks", () => {
    const daily = schedules.task({
      id: "daily",
      cron: { pattern: "0 9 * * *", timezone: "Europe/Berlin" },
      onSuccess: ({ payload }) => expectTypeOf(payload).toEqualTypeOf<ScheduleTick>(),
      run: async (payload) => {
        expectTypeOf(payload.timestamp).toEqualTypeOf<Date>();
        expectTypeOf(payload.lastTimestamp).toEqualTypeOf<Date | undefined>();
        expectTypeOf(payload.upcoming).toEqualTypeOf<readonly Date[]>();
        return payload.upcoming.length;
      },
    });
    expectTypeOf<TaskPayload<typeof daily>>().toEqualTypeOf<ScheduleTick>();
    expectTypeOf<TaskOutput<typeof daily>>().toEqualTypeOf<number>();
    expectTypeOf(daily.id).toEqualTypeOf<"daily">();
  });

  it("has init data and hooks as any task", () => {
    schedules.task({
      id: "with-init",
      init: async () => ({ db: 1 }),
      run: async ({ scheduleId }, { init }) => `${scheduleId} ${init.db}`,
      onSuccess: async (payload, output, { init }) => {
        expectTypeOf(payload).toEqualTypeOf<ScheduleTick>();
        expectTypeOf(output).toEqualTypeOf<string>();
        expectTypeOf(init).toEqualTypeOf<{ db: number }>();
      },
    });
  });

  it("takes no other payload, and a cron that is one", () => {
    expectTypeOf<CronOption>().toEqualTypeOf<
      string | { readonly pattern: string; readonly timezone?: string | undefined }
    >();
    // @ts-expect-error -- a tick is no text
    schedules.task({ id: "wrong-payload", run: async (payload: string) => payload });
    // @ts-expect-error -- the pattern has another name
    schedules.task({ id: "wrong-cron", cron: { expression: "* * * * *" }, run: async () => {} });
  });

  it("needs a deduplication key to be scheduled from outside", () => {
    expectTypeOf<CreateScheduleOptions>().toHaveProperty("deduplicationKey").toBeString();
    // @ts-expect-error -- it is missing
    void schedules.create({ task: "daily", cron: "* * * * *" });
  });
});

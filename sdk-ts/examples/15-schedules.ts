// Tasks that run by the clock.
import { schedules } from "@windlass/sdk";

// Declared with the task: every weekday at nine in Berlin, whatever the time of year. Follows the deployment.
export const morningReport = schedules.task({
  id: "morning-report",
  cron: { pattern: "0 9 * * 1-5", timezone: "Europe/Berlin" },
  run: async ({ timestamp, lastTimestamp, upcoming }) => {
    const since = lastTimestamp?.toISOString() ?? "the beginning";
    return `what happened from ${since} to ${timestamp.toISOString()}; next ${upcoming[0]?.toISOString()}`;
  },
});

// Without a schedule of its own: users bring theirs.
export const dailyReminder = schedules.task({
  id: "daily-reminder",
  run: async ({ externalId, timezone, timestamp }) =>
    `${externalId}: it is ${timestamp.toLocaleTimeString("en", { timeZone: timezone })}`,
});

/** One schedule per user: called again, it changes the one that is there. */
export async function remindDaily(userId: string, hour: number, timezone: string): Promise<Date | undefined> {
  const schedule = await schedules.create({
    task: dailyReminder.id,
    cron: `0 ${hour} * * *`,
    timezone,
    externalId: userId,
    deduplicationKey: `reminder-${userId}`,
  });
  return schedule.nextRun;
}

/** No reminders for a while. */
export async function pauseReminders(userId: string): Promise<void> {
  for await (const { id, externalId } of schedules.list({ task: dailyReminder.id }))
    if (externalId === userId) await schedules.deactivate(id);
}

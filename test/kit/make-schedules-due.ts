import type { Queryable } from "@windlass/chassis";

/**
 * Moves the next tick of active schedules to `inMs` from now (negative: it was due then), so that no test waits for a minute to turn. A scheduler that
 * runs already may not hear of it for a minute: use it while none does.
 * @returns the tick of each schedule that was moved, by its id.
 */
export async function makeSchedulesDue(
  database: Queryable,
  scheduleIds: readonly string[],
  inMs: number,
): Promise<Map<string, Date>> {
  const statement = {
    name: "kit_make_schedules_due",
    text: `update schedules set next_time = date_trunc('milliseconds', now() + $2::int * interval '1 ms')
      where id = any($1::text[]) and is_active returning id, (extract(epoch from next_time) * 1000)::float8 as tick_ms`,
  };
  const rows = await database.query<{ id: string; tick_ms: number }>(statement, [scheduleIds, inMs]);
  return new Map(rows.map(({ id, tick_ms: tickMs }) => [id, new Date(tickMs)]));
}

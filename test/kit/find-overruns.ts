import type { Queryable } from "@windlass/chassis";

/** A line of runs of which more executed at one moment than its limit allows. */
export interface Overrun {
  readonly environmentId: string;
  readonly queue: string;
  /** "" for runs without one. */
  readonly concurrencyKey: string;
  /** The most that executed at once. */
  readonly most: number;
}

/**
 * I4, told from the stored timelines: every span from EXECUTING to the status after it is a slot in use (a CANCELING in between goes on using it). Finds each queue and
 * concurrency key of which ever more than `limit` spans overlapped. A span that ends at the microsecond in which another begins does not overlap it: statements of one
 * slot follow each other, and their times are the database's.
 */
export async function findOverruns(
  database: Queryable,
  options: { readonly queue: string; readonly limit: number },
): Promise<Overrun[]> {
  const statement = {
    name: "kit_overruns",
    text: `with spans as (
        select r.environment_id, r.queue, coalesce(r.concurrency_key, '') as key, e.status, e.time as begin_time,
          lead(e.time) over (partition by e.environment_id, e.run_id order by e.first_seq) as end_time
        from run_events e join runs r on r.environment_id = e.environment_id and r.id = e.run_id
        where e.status is not null and e.status <> 'CANCELING' and r.queue = $1
      ), steps as (
        select environment_id, queue, key, begin_time as time, 1 as step from spans where status = 'EXECUTING'
        union all
        select environment_id, queue, key, end_time, -1 from spans where status = 'EXECUTING' and end_time is not null
      ), counts as (
        select environment_id, queue, key, sum(step) over (partition by environment_id, queue, key order by time, step rows unbounded preceding) as executing from steps
      )
      select environment_id as "environmentId", queue, key as "concurrencyKey", max(executing)::int as most
      from counts group by 1, 2, 3 having max(executing) > $2::int order by 4 desc limit 20`,
  };
  return database.query<Overrun>(statement, [options.queue, options.limit]);
}

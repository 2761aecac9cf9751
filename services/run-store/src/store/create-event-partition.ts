import type { Queryable } from "@windlass/chassis";

/** A day's part of the timeline: entries from its first moment up to the next one's. */
export interface EventPartition {
  /** "2026-11-23". */
  readonly day: string;
  readonly nextDay: string;
}

const IS_PARTITION = {
  name: "is_event_partition",
  text: "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1) AND inhparent = 'run_events'::regclass) AS exists",
};

/** Whether the day has its partition. */
export async function hasEventPartition(db: Queryable, partition: EventPartition): Promise<boolean> {
  const [row] = await db.query<{ exists: boolean }>(IS_PARTITION, [partitionName(partition)]);
  return row?.exists === true;
}

/**
 * Makes the day's partition. Attaching a finished table keeps writers waiting for the blink of an eye, where creating it in place would lock all of `run_events`; a lock that is not to be
 * had soon is given up, to be tried again. Throws when the default partition already holds entries of that day; they stay there, which costs nothing but that the day cannot be dropped.
 */
export async function createEventPartition(tx: Queryable, partition: EventPartition): Promise<void> {
  const name = partitionName(partition);
  // Names and days are made here, of digits; statements that define tables take no parameters.
  for (const text of [
    `SET LOCAL lock_timeout = '2s'`,
    `SET LOCAL TIME ZONE 'UTC'`,
    `CREATE TABLE IF NOT EXISTS ${name} (LIKE run_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)`,
    `ALTER TABLE run_events ATTACH PARTITION ${name} FOR VALUES FROM ('${partition.day}') TO ('${partition.nextDay}')`,
  ]) {
    await tx.query({ name: "", text });
  }
}

function partitionName({ day }: EventPartition): string {
  return `run_events_${day.replaceAll("-", "")}`;
}

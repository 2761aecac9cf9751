import type { Clock, Postgres } from "@windlass/chassis";
import type { DueItem } from "@windlass/proto";
import { dueExpiry, dueRun, dueSchedule, dueSupervisor, dueToken } from "../conversions/due-item.ts";
import { type DuePosition, type DueRow, listDue as listRows } from "../store/list-due.ts";

/** A page of due work, soonest first. */
export interface DuePage {
  readonly items: DueItem[];
  /** Of each item. */
  readonly positions: readonly DuePosition[];
  /** Where the next page begins; undefined when this is the last. */
  readonly next: DuePosition | undefined;
}

/**
 * Reads what is due within a horizon, overdue included. Work that becomes known while the pages are read is told by WatchDue.
 * How long the reading took is taken off: each item says how long it is from the answer, and too early is put right where too late would be noticed by nobody.
 */
export async function listDue(
  { postgres, clock }: { readonly postgres: Postgres; readonly clock: Clock },
  page: { readonly after: DuePosition; readonly horizonMs: number; readonly size: number },
): Promise<DuePage> {
  const startMs = clock.monotonicMs();
  const rows = await listRows(postgres, { after: page.after, horizonMs: page.horizonMs, limit: page.size });
  const tookMs = clock.monotonicMs() - startMs;
  const last = rows.at(-1);
  return {
    items: rows.map((row) => toItem({ ...row, due_in_ms: row.due_in_ms - tookMs })),
    positions: rows.map((row) => ({ dueTimeUs: row.due_time_us, id: row.id })),
    next: last === undefined || rows.length < page.size ? undefined : { dueTimeUs: last.due_time_us, id: last.id },
  };
}

function toItem({ kind, environment_id: environmentId, id, due_in_ms: dueInMs }: DueRow): DueItem {
  if (environmentId === null) return dueSupervisor(id, dueInMs);
  switch (kind) {
    case "token":
      return dueToken(environmentId, id, dueInMs);
    case "schedule":
      return dueSchedule(environmentId, id, dueInMs);
    case "expiry":
      return dueExpiry(environmentId, id, dueInMs);
    default:
      return dueRun(environmentId, id, dueInMs);
  }
}

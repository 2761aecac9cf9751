import type { Queryable } from "@windlass/chassis";
import { isTerminal, type RunStatusName } from "../run-state.ts";
import { isRun, microseconds } from "./sql.ts";

/** One row of `run_events` (adr/0002). */
export interface TimelineChunk {
  readonly first_seq: bigint;
  readonly status: RunStatusName | null;
  readonly attempt_number: number;
  readonly time_us: number;
  readonly events: Uint8Array | null;
}

/** A place in a run's timeline. */
export interface TimelinePosition {
  readonly environmentId: string;
  readonly runId: string;
  readonly afterSeq: bigint;
}

/** What follows a place in a run's timeline. */
export interface TimelinePage {
  /** In order, perhaps not all. The first may also hold entries up to `afterSeq`. */
  readonly chunks: readonly TimelineChunk[];
  /** The seq of the run's last entry. */
  readonly lastSeq: bigint;
  /** True when the run has ended, hence `lastSeq` is final. */
  readonly isTerminal: boolean;
}

/** The bounds of one page; a single chunk larger than that still goes. */
const MAX_CHUNKS = 100;
const MAX_BYTES = 256 * 1024;

// A chunk is found by its first entry: the one that `afterSeq + 1` lies in is the last that begins at or before it.
const statement = {
  name: "read_timelines",
  text: `
    SELECT q.ord::int4, r.status AS run_status, r.event_seq, c.*
    FROM unnest($1::text[], $2::text[], $3::int8[]) WITH ORDINALITY q (environment_id, run_id, after_seq, ord)
    JOIN runs r ON ${isRun("q.environment_id", "q.run_id")}
    LEFT JOIN LATERAL (
      SELECT first_seq, status, attempt_number, ${microseconds("time")} AS time_us, events FROM (
        SELECT e.*, sum(coalesce(octet_length(e.events), 0)) OVER (ORDER BY e.first_seq) - coalesce(octet_length(e.events), 0) AS bytes_before
        FROM (
          SELECT * FROM run_events e
          WHERE e.environment_id = q.environment_id AND e.run_id = q.run_id AND e.first_seq >= coalesce((
            SELECT b.first_seq FROM run_events b
            WHERE b.environment_id = q.environment_id AND b.run_id = q.run_id AND b.first_seq - 1 <= q.after_seq
            ORDER BY b.first_seq DESC LIMIT 1), 0)
          ORDER BY e.first_seq LIMIT ${MAX_CHUNKS}
        ) e
      ) e WHERE bytes_before < ${MAX_BYTES}
    ) c ON r.event_seq > q.after_seq
    ORDER BY q.ord, c.first_seq`,
};

type Row = { readonly ord: number; readonly run_status: RunStatusName; readonly event_seq: bigint } & (
  | TimelineChunk
  | { readonly first_seq: null }
);

/** Reads on from many places at once: one answer each, undefined where the environment has no such run. */
export async function readTimelines(
  db: Queryable,
  positions: readonly TimelinePosition[],
): Promise<(TimelinePage | undefined)[]> {
  const rows = await db.query<Row>(statement, [
    positions.map(({ environmentId }) => environmentId),
    positions.map(({ runId }) => runId),
    positions.map(({ afterSeq }) => afterSeq),
  ]);
  const byOrdinal = Map.groupBy(rows, (row) => row.ord);
  return positions.map((_, index) => toPage(byOrdinal.get(index + 1)));
}

function toPage(rows: readonly Row[] | undefined): TimelinePage | undefined {
  const [first] = rows ?? [];
  if (rows === undefined || first === undefined) return undefined;
  return {
    chunks: rows.filter((row) => row.first_seq !== null),
    lastSeq: first.event_seq,
    isTerminal: isTerminal(first.run_status),
  };
}

import type { Queryable } from "@windlass/chassis";
import { CONTENT_COLUMNS, type DetailedRunRow, machineColumn, RUN_COLUMNS, RUN_SOURCE } from "./run-row.ts";
import { needsTagIndex, type RunSelection, type SelectionSql, selectionSql } from "./run-selection.ts";
import { isRun, lookUp } from "./sql.ts";

/** Runs of a list. */
export interface ListedRuns {
  readonly rows: readonly DetailedRunRow[];
  /** The run at which the look for more was ended; undefined when it was not. It need not be one of the rows. */
  readonly stoppedAtId: string | undefined;
}

/** A statement looks at so many runs, in some 50 ms, to find those that no index knows. */
const MAX_LOOKED_AT = 100_000;
/** A tag that is not found in so many runs is rare enough for its index, which has to be read from end to end for the newest. */
const MAX_LOOKED_AT_FOR_TAG = 5_000;

type Row = DetailedRunRow & { readonly is_match: boolean; readonly is_last: boolean };

/** Runs of an environment, newest first. */
export async function listRuns(db: Queryable, selection: RunSelection): Promise<ListedRuns> {
  if (!needsTagIndex(selection)) return list(db, selectionSql(selection, false), MAX_LOOKED_AT);
  const looked = await list(db, selectionSql(selection, false), MAX_LOOKED_AT_FOR_TAG);
  const isEnough = looked.rows.length >= selection.limit || looked.stoppedAtId === undefined;
  return isEnough ? looked : list(db, selectionSql(selection, true), MAX_LOOKED_AT);
}

async function list(db: Queryable, sql: SelectionSql, maxLookedAt: number): Promise<ListedRuns> {
  const looking = sql.match === undefined ? "" : String(maxLookedAt);
  const rows = await db.query<Row>(
    {
      name: `list_runs_${sql.code}${looking}`,
      text: `
        WITH ${sql.given}
        SELECT found.is_match, found.is_last, ${RUN_COLUMNS}, ${machineColumn()}, ${CONTENT_COLUMNS}
        FROM (${sql.match === undefined ? find(sql) : findByLooking(sql, sql.match, maxLookedAt)}) found
        CROSS JOIN ${RUN_SOURCE}
        LEFT JOIN run_contents c ON ${lookUp("c.environment_id", "r.environment_id")} AND ${lookUp("c.run_id", "r.id")}
        WHERE ${isRun("$1", "found.id")}
        ORDER BY found.id DESC`,
    },
    sql.values,
  );
  const last = rows.at(-1);
  return {
    rows: rows.filter((row) => row.is_match),
    stoppedAtId: last?.is_last === true ? last.id : undefined,
  };
}

/** The ids of the runs that indexes find. */
function find({ source, id, order, branches }: SelectionSql): string {
  const selects = branches.map(
    (where) =>
      `(SELECT ${id} AS id, true AS is_match, false AS is_last FROM ${source} WHERE ${where} ORDER BY ${order} DESC LIMIT $6)`,
  );
  return `SELECT * FROM (${selects.join(" UNION ALL ")}) branch ORDER BY id DESC LIMIT $6`;
}

/** The ids of those among the first so many that match, and of the last one that was looked at when they were so many. Ends as soon as it has enough. */
function findByLooking({ source, id, order, branches }: SelectionSql, match: string, max: number): string {
  return `
    SELECT id, is_match, place = ${max} AS is_last
    FROM (
      SELECT ${id} AS id, ${match} AS is_match, row_number() OVER (ORDER BY ${order} DESC) AS place
      FROM ${source} WHERE ${branches.join()}
      ORDER BY ${order} DESC LIMIT ${max}
    ) looked_at
    WHERE is_match OR place = ${max}
    ORDER BY id DESC LIMIT $6`;
}

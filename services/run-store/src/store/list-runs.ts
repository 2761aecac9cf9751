import type { Queryable } from "@windlass/chassis";
import { isTerminal, type RunStatusName } from "../run-state.ts";
import { RUN_COLUMNS, RUN_SOURCE, type RunRow } from "./run-row.ts";

/** Which runs, and how many of them. */
export interface RunSelection {
  readonly environmentId: string;
  readonly statuses: readonly RunStatusName[] | undefined;
  readonly taskId: string | undefined;
  readonly tag: string | undefined;
  /** Only runs made before this one. */
  readonly afterId: string | undefined;
  readonly limit: number;
}

/**
 * The statuses fall into three groups, each of which an index serves newest first: what has not ended (`runs_live`), what has not ended well (`runs_unsuccessful`) and
 * COMPLETED (the primary key, since most runs are). The condition is written out, because that is how PostgreSQL recognises a partial index.
 */
const STATUS_GROUPS = [
  { name: "live", condition: "r.finish_time IS NULL", has: (status: RunStatusName) => !isTerminal(status) },
  {
    name: "unsuccessful",
    condition: "r.finish_time IS NOT NULL AND r.status <> 'COMPLETED'",
    has: (status: RunStatusName) => isTerminal(status) && status !== "COMPLETED",
  },
  { name: "completed", condition: "r.status = 'COMPLETED'", has: (status: RunStatusName) => status === "COMPLETED" },
] as const;

/** Runs of an environment, newest first. */
export function listRuns(db: Queryable, selection: RunSelection): Promise<RunRow[]> {
  const { environmentId, statuses, taskId, tag, afterId, limit } = selection;
  const groups = STATUS_GROUPS.filter((group) => statuses?.some(group.has));
  const conditions = [
    "r.environment_id = $1",
    ...(taskId === undefined ? [] : ["r.task_id = $2 AND r.task_id <> ''"]),
    ...(tag === undefined ? [] : ["r.tags <> '{}' AND r.tags @> ARRAY[$3::text]"]),
    ...(afterId === undefined ? [] : [`r.id < $4 COLLATE "C"`]),
  ];
  // One branch for each group of statuses: each is a walk along one index, and the results are merged.
  const branches =
    statuses === undefined
      ? [conditions]
      : groups.map((group) => [...conditions, group.condition, "r.status = ANY ($5)"]);
  const name = ["list_runs", taskId && "task", tag && "tag", afterId && "after", ...groups.map((group) => group.name)];
  return db.query<RunRow>(
    {
      name: name.filter((part) => part !== undefined).join("_"),
      text: `
        WITH given AS (SELECT $1::text, $2::text, $3::text, $4::text, $5::run_status[])
        SELECT * FROM (${branches.map(selectBranch).join(" UNION ALL ")}) page
        ORDER BY id DESC LIMIT $6`,
    },
    [environmentId, taskId ?? null, tag ?? null, afterId ?? null, statuses ?? null, limit],
  );
}

function selectBranch(conditions: readonly string[]): string {
  return `(SELECT ${RUN_COLUMNS} FROM ${RUN_SOURCE} WHERE ${conditions.join(" AND ")} ORDER BY r.id DESC LIMIT $6)`;
}

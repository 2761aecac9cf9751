import type { Queryable } from "@windlass/chassis";
import { isTerminal, type RunStatusName } from "../run-state.ts";
import { CONTENT_COLUMNS, type DetailedRunRow, machineColumn, RUN_COLUMNS, RUN_SOURCE } from "./run-row.ts";
import { lookUp } from "./sql.ts";

/** Which runs, and how many of them. */
export interface RunSelection {
  readonly environmentId: string;
  readonly statuses: readonly RunStatusName[] | undefined;
  readonly taskId: string | undefined;
  readonly tag: string | undefined;
  readonly batchId: string | undefined;
  readonly parentRunId: string | undefined;
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
export function listRuns(db: Queryable, selection: RunSelection): Promise<DetailedRunRow[]> {
  const { environmentId, statuses, taskId, tag, batchId, parentRunId, afterId, limit } = selection;
  const isOfContents = batchId !== undefined || parentRunId !== undefined;
  const groups = STATUS_GROUPS.filter((group) => statuses?.some(group.has));
  const conditions = [
    "r.environment_id = $1",
    ...(taskId === undefined ? [] : ["r.task_id = $2 AND r.task_id <> ''"]),
    ...(tag === undefined ? [] : ["r.tags <> '{}' AND r.tags @> ARRAY[$3::text]"]),
    // A batch or a family is walked along its own index, from where the last page ended, and its runs are looked up one by one: no index of runs is walked.
    ...(batchId === undefined
      ? []
      : [
          `chosen.environment_id = $1 AND chosen.batch_id = $7 AND chosen.batch_id IS NOT NULL AND ${lookUp("r.id", "chosen.run_id")}`,
        ]),
    ...(parentRunId === undefined
      ? []
      : [
          `chosen.environment_id = $1 AND chosen.parent_run_id = $8 AND chosen.parent_run_id IS NOT NULL AND ${lookUp("r.id", "chosen.run_id")}`,
        ]),
    ...(afterId === undefined ? [] : [`${isOfContents ? "chosen.run_id" : "r.id"} < $4 COLLATE "C"`]),
  ];
  // One branch for each group of statuses: each is a walk along one index, and the results are merged.
  const branches =
    statuses === undefined
      ? [conditions]
      : groups.map((group) => [...conditions, group.condition, "r.status = ANY ($5)"]);
  const filters = { task: taskId, tag, batch: batchId, parent: parentRunId, after: afterId };
  const given = Object.entries(filters).flatMap(([filter, value]) => (value === undefined ? [] : [filter]));
  const name = ["list_runs", ...given, ...groups.map((group) => group.name)];
  return db.query<DetailedRunRow>(
    {
      name: name.join("_"),
      text: `
        WITH given AS (SELECT $1::text, $2::text, $3::text, $4::text, $5::run_status[], $7::text, $8::text)
        SELECT page.*, ${CONTENT_COLUMNS}
        FROM (SELECT * FROM (${branches.map((branch) => selectBranch(branch, isOfContents)).join(" UNION ALL ")}) found ORDER BY id DESC LIMIT $6) page
        LEFT JOIN run_contents c ON ${lookUp("c.environment_id", "$1")} AND ${lookUp("c.run_id", "page.id")}
        ORDER BY page.id DESC`,
    },
    [
      environmentId,
      taskId ?? null,
      tag ?? null,
      afterId ?? null,
      statuses ?? null,
      limit,
      batchId ?? null,
      parentRunId ?? null,
    ],
  );
}

/** `isOfContents`: the runs are chosen by what they were triggered with. */
function selectBranch(conditions: readonly string[], isOfContents: boolean): string {
  const source = isOfContents ? `run_contents chosen CROSS JOIN ${RUN_SOURCE}` : RUN_SOURCE;
  return `(SELECT ${RUN_COLUMNS}, ${machineColumn()} FROM ${source} WHERE ${conditions.join(" AND ")} ORDER BY ${isOfContents ? "chosen.run_id" : "r.id"} DESC LIMIT $6)`;
}

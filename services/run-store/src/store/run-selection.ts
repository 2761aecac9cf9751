import { isTerminal, type RunStatusName } from "../run-state.ts";
import { lookUp, momentFromMicroseconds } from "./sql.ts";

/** Which runs, and how many of them. Undefined selects all. */
export interface RunSelection {
  readonly environmentId: string;
  readonly statuses: readonly RunStatusName[] | undefined;
  readonly taskId: string | undefined;
  readonly tag: string | undefined;
  readonly batchId: string | undefined;
  readonly parentRunId: string | undefined;
  readonly scheduleId: string | undefined;
  readonly queue: string | undefined;
  readonly deploymentId: string | undefined;
  readonly isTest: boolean | undefined;
  /** Triggered then or later, in microseconds since 1970; and no run's id is below the other. */
  readonly from: { readonly timeUs: number; readonly runId: string } | undefined;
  /** Triggered before; every run's id is below the other. */
  readonly to: { readonly timeUs: number; readonly runId: string } | undefined;
  /** Only runs made before this one. */
  readonly afterId: string | undefined;
  readonly limit: number;
}

/**
 * The statuses fall into three groups, each of which an index serves newest first: what has not ended (`runs_live`), what has not ended well (`runs_unsuccessful`) and
 * COMPLETED (the primary key, since most runs are). The condition is written out, because that is how PostgreSQL recognises a partial index.
 */
const STATUS_GROUPS = [
  { code: "l", condition: "r.finish_time IS NULL", has: (status: RunStatusName) => !isTerminal(status) },
  {
    code: "u",
    condition: "r.finish_time IS NOT NULL AND r.status <> 'COMPLETED'",
    has: (status: RunStatusName) => isTerminal(status) && status !== "COMPLETED",
  },
  { code: "c", condition: "r.status = 'COMPLETED'", has: (status: RunStatusName) => status === "COMPLETED" },
] as const;

/** A selection as SQL. What it says depends on which filters are given, not on what they say: `code` stands for that. */
export interface SelectionSql {
  readonly code: string;
  readonly source: string;
  readonly id: string;
  /** By what the source is walked, newest first. */
  readonly order: string;
  /** For each group of statuses: which runs an index finds. */
  readonly branches: readonly string[];
  /** True for those that are wanted of them, where no index knows; undefined when all are. */
  readonly match: string | undefined;
  /** To be at the head of the statement: the types of the parameters that it does not use. */
  readonly given: string;
  readonly values: readonly unknown[];
}

const GIVEN =
  "given AS (SELECT $1::text, $2::text, $3::text, $4::text, $5::run_status[], $6::int4, $7::text, $8::text, $9::text, $10::bool, $11::float8, $12::text, $13::float8, $14::text, $15::text, $16::text)";

/** Whether the index of tags has to find the runs: they have a tag, and are of no batch, family or schedule. */
export function needsTagIndex({ tag, batchId, parentRunId, scheduleId }: RunSelection): boolean {
  return tag !== undefined && [batchId, parentRunId, scheduleId].every((one) => one === undefined);
}

/** The runs of a selection. `isTagIndexed`: the index of tags finds those with the tag; else they are looked for. */
export function selectionSql(selection: RunSelection, isTagIndexed: boolean): SelectionSql {
  const { statuses, taskId, tag, batchId, parentRunId, scheduleId, queue, deploymentId, isTest } = selection;
  const { from, to, afterId } = selection;
  const isOfContents = [batchId, parentRunId, scheduleId].some((one) => one !== undefined);
  const id = isOfContents ? "chosen.run_id" : "r.id";
  // The index of tags knows no order. So that it is taken nevertheless, the order of the others is hidden: the planner would walk along it, and look for the tag.
  const order = isTagIndexed ? `concat(${id}) COLLATE "C"` : id;
  const filters: readonly (readonly [code: string, value: unknown, condition: string])[] = [
    ["k", taskId, "r.task_id = $2 AND r.task_id <> ''"],
    ["g", isTagIndexed || isOfContents ? tag : undefined, "r.tags <> '{}' AND r.tags @> ARRAY[$3::text]"],
    // A batch, a family or a schedule's runs are walked along their own index, from where the last page ended, and looked up one by one: no index of runs is walked.
    ["b", batchId, "chosen.batch_id = $7 AND chosen.batch_id IS NOT NULL"],
    ["p", parentRunId, "chosen.parent_run_id = $8 AND chosen.parent_run_id IS NOT NULL"],
    ["s", scheduleId, "chosen.schedule_id = $9 AND chosen.schedule_id IS NOT NULL"],
    ["x", isTest === true ? isTest : undefined, "r.is_test"],
    ["f", from, `r.create_time >= ${momentFromMicroseconds("$11")} AND ${order} >= $12 COLLATE "C"`],
    ["t", to, `r.create_time < ${momentFromMicroseconds("$13")} AND ${order} < $14 COLLATE "C"`],
    ["a", afterId, `${order} < $4 COLLATE "C"`],
    ["q", isQueuedIn(selection) ? queue : undefined, "r.queue = $15 AND r.status = 'QUEUED'"],
  ];
  const given = filters.filter(([, value]) => value !== undefined);
  const conditions = [
    "r.environment_id = $1",
    ...(isOfContents ? [`chosen.environment_id = $1 AND ${lookUp("r.id", "chosen.run_id")}`] : []),
    ...given.map(([, , condition]) => condition),
  ];
  const groups = STATUS_GROUPS.filter((group) => statuses?.some(group.has));
  const isTagLookedFor = tag !== undefined && !isTagIndexed && !isOfContents;
  const isMatched =
    (queue !== undefined && !isQueuedIn(selection)) || deploymentId !== undefined || isTest === false || isTagLookedFor;
  return {
    code: [...given.map(([code]) => code), ...groups.map(({ code }) => code), isMatched ? "m" : ""].join(""),
    source: isOfContents ? "run_contents chosen CROSS JOIN runs r" : "runs r",
    id,
    order,
    branches: branchesOf(conditions, groups, isMatched),
    match: isMatched
      ? "(($3::text IS NULL OR r.tags @> ARRAY[$3]) AND ($15::text IS NULL OR r.queue = $15) AND ($16::text IS NULL OR r.deployment_id = $16) AND ($10::bool IS NULL OR r.is_test = $10)) IS TRUE"
      : undefined,
    given: GIVEN,
    values: [
      selection.environmentId,
      taskId ?? null,
      tag ?? null,
      afterId ?? null,
      statuses ?? null,
      selection.limit,
      batchId ?? null,
      parentRunId ?? null,
      scheduleId ?? null,
      isTest ?? null,
      from?.timeUs ?? null,
      from?.runId ?? null,
      to?.timeUs ?? null,
      to?.runId ?? null,
      queue ?? null,
      deploymentId ?? null,
    ],
  };
}

/** What waits in a queue has an index of its own. */
function isQueuedIn({ queue, statuses }: RunSelection): boolean {
  return queue !== undefined && statuses?.length === 1 && statuses[0] === "QUEUED";
}

/** One for each group of statuses: each is a walk along one index, and the results are merged. A walk that may find little is one for all. */
function branchesOf(
  conditions: readonly string[],
  groups: readonly (typeof STATUS_GROUPS)[number][],
  isOne: boolean,
): string[] {
  if (groups.length === 0) return [conditions.join(" AND ")];
  if (!isOne) return groups.map(({ condition }) => [...conditions, condition, "r.status = ANY ($5)"].join(" AND "));
  const [group] = groups;
  const only = groups.length === 1 && group !== undefined ? [group.condition] : [];
  return [[...conditions, ...only, "r.status = ANY ($5)"].join(" AND ")];
}

import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ListRunsRequest, RunStatus } from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { microsecondsFromTimestamp } from "../conversions/moments.ts";
import { RUN_STATUSES, type RunStatusName, runStatusFromProto } from "../run-state.ts";
import { BATCH_ID, QUEUE_NAME, STORE_ID, TAG, TASK_ID, VERSION } from "./field-rules.ts";
import { type Page, parsePage } from "./page.ts";
import { parseText, type TextRule } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** Which runs of an environment are listed; undefined filters nothing. */
export interface RunFilter {
  readonly statuses: readonly RunStatusName[] | undefined;
  readonly taskId: string | undefined;
  readonly tag: string | undefined;
  readonly batchId: string | undefined;
  readonly parentRunId: string | undefined;
  readonly queue: string | undefined;
  readonly version: string | undefined;
  readonly scheduleId: string | undefined;
  readonly isTest: boolean | undefined;
  /** Triggered then or later, in microseconds since 1970. */
  readonly fromTimeUs: number | undefined;
  /** Triggered before. */
  readonly toTimeUs: number | undefined;
}

const RUN_PAGE = { max: 1000, default: 50 };
/** The end of the year 9999, the last that a Timestamp can say. */
const LAST_TIME_US = 253_402_300_800 * 1e6;

/** Checks ListRuns. Throws FIELD_INVALID, also for a page token of another list or other filters. */
export function parseListRuns(request: ListRunsRequest): { filter: RunFilter; page: Page } {
  const violations: Violation[] = [];
  const text = (value: string, rule: TextRule, field: string): string | undefined =>
    value === "" ? undefined : parseText(value, rule, field, violations);
  const filter: RunFilter = {
    statuses: request.statuses.length === 0 ? undefined : parseStatuses(request.statuses, violations),
    taskId: text(request.taskId, TASK_ID, "task_id"),
    tag: text(request.tag, TAG, "tag"),
    batchId: text(request.batchId, BATCH_ID, "batch_id"),
    parentRunId: text(request.parentRunId, STORE_ID, "parent_run_id"),
    queue: text(request.queue, QUEUE_NAME, "queue"),
    version: text(request.version, VERSION, "version"),
    scheduleId: text(request.scheduleId, STORE_ID, "schedule_id"),
    isTest: request.isTest,
    fromTimeUs: parseTime(request.fromTime, "from_time", violations),
    toTimeUs: parseTime(request.toTime, "to_time", violations),
  };
  const page = parsePage(request, RUN_PAGE, runList(filter), violations);
  throwIfInvalid(violations);
  return { filter, page };
}

/** What a page token of ListRuns is bound to. */
export function runList(filter: RunFilter): readonly unknown[] {
  return ["runs", { ...filter, statuses: filter.statuses?.toSorted() }];
}

function parseTime(time: Timestamp | undefined, field: string, violations: Violation[]): number | undefined {
  if (time === undefined) return undefined;
  const timeUs = microsecondsFromTimestamp(time);
  if (timeUs >= 0 && timeUs < LAST_TIME_US) return timeUs;
  violations.push({ field, description: "must be between the years 1970 and 9999." });
  return undefined;
}

function parseStatuses(statuses: readonly RunStatus[], violations: Violation[]): RunStatusName[] {
  const names = new Set<RunStatusName>();
  for (const [index, status] of statuses.entries()) {
    if (status >= 1 && status <= RUN_STATUSES.length) {
      names.add(runStatusFromProto(status));
    } else {
      violations.push({ field: `statuses[${index}]`, description: `must be a RunStatus; ${status} is none.` });
    }
  }
  return Array.from(names);
}

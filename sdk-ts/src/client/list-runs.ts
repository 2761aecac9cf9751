import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type RunStatus, RunStatusSchema } from "@windlass/proto";
import { callCluster } from "./call-cluster.ts";
import { checkPageSize, refuseUnknownOptions } from "./call-options.ts";
import { defaultConnection } from "./connection.ts";
import { listPages, type PagePromise } from "./pages.ts";
import { type RunSnapshot, runSnapshotFromProto, type RunStatusName } from "./run-snapshot.ts";
import { invalidField } from "./windlass-error.ts";

/** Which runs to list; what is left out selects all. */
export interface RunFilter {
  /** Runs in one of these statuses. */
  readonly status?: RunStatusName | readonly RunStatusName[] | undefined;
  readonly taskIdentifier?: string | undefined;
  readonly tag?: string | undefined;
  /** The id of a batch. */
  readonly batch?: string | undefined;
  /** Runs that this run has triggered. */
  readonly parentRunId?: string | undefined;
  /** The name of a queue. */
  readonly queue?: string | undefined;
  /** Runs that this version executes. */
  readonly version?: string | undefined;
  /** The id of a schedule. */
  readonly schedule?: string | undefined;
  /** Tests alone, or all but tests. */
  readonly isTest?: boolean | undefined;
  /** Triggered then or later: a Date, or milliseconds since 1970. */
  readonly from?: Date | number | undefined;
  /** Triggered before. */
  readonly to?: Date | number | undefined;
  /** How many a page has: 1 to 1,000. Default 50. */
  readonly limit?: number | undefined;
}

/** The end of the year 9999. */
const LAST_TIME_MS = 253_402_300_799_999;

const OPTIONS = [
  "status",
  "taskIdentifier",
  "tag",
  "batch",
  "parentRunId",
  "queue",
  "version",
  "schedule",
  "isTest",
  "from",
  "to",
  "limit",
] as const satisfies (keyof RunFilter)[];

/**
 * Rejects with a WindlassError. With `queue`, `version` or `isTest: false` a page can be shorter than its limit although others follow: the cluster looks at 100,000 runs a page.
 */
export function listRuns(filter: RunFilter): PagePromise<RunSnapshot> {
  return listPages(async (pageToken) => {
    refuseUnknownOptions(filter, OPTIONS);
    const request = {
      pageToken,
      pageSize: checkPageSize(filter.limit),
      statuses: statusesOf(filter.status),
      taskId: checkText("taskIdentifier", filter.taskIdentifier),
      tag: checkText("tag", filter.tag),
      batchId: checkText("batch", filter.batch),
      parentRunId: checkText("parentRunId", filter.parentRunId),
      queue: checkText("queue", filter.queue),
      version: checkText("version", filter.version),
      scheduleId: checkText("schedule", filter.schedule),
      ...(filter.isTest !== undefined && { isTest: checkBoolean("isTest", filter.isTest) }),
      ...(filter.from !== undefined && { fromTime: checkTime("from", filter.from) }),
      ...(filter.to !== undefined && { toTime: checkTime("to", filter.to) }),
    };
    const connection = defaultConnection();
    const response = await callCluster(connection, (call) => connection.runs.listRuns(request, call));
    return { items: response.runs.map((run) => runSnapshotFromProto(run)), nextPageToken: response.nextPageToken };
  });
}

function statusesOf(status: RunFilter["status"]): RunStatus[] {
  if (status === undefined) return [];
  const names = typeof status === "string" ? [status] : status;
  return names.map((name) => {
    const value = RunStatusSchema.values.find(({ localName, number }) => localName === name && number !== 0);
    if (value !== undefined) return value.number as RunStatus;
    throw invalidField("options.status", `${JSON.stringify(name)} is not a status of a run.`);
  });
}

/** An empty string would select everything. */
function checkText(name: string, text: string | undefined): string {
  if (text === undefined) return "";
  if (typeof text === "string" && text !== "") return text;
  throw invalidField(`options.${name}`, "must be a string that is not empty.");
}

function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw invalidField(`options.${name}`, "must be true or false.");
}

function checkTime(name: string, time: Date | number): Timestamp {
  const date = new Date(time);
  if (Math.abs(date.getTime()) <= LAST_TIME_MS) return timestampFromDate(date);
  throw invalidField(`options.${name}`, "must be a Date, or milliseconds since 1970, before the year 10,000.");
}

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
  /** How many a page has: 1 to 1,000. Default 50. */
  readonly limit?: number | undefined;
}

const OPTIONS = [
  "status",
  "taskIdentifier",
  "tag",
  "batch",
  "parentRunId",
  "limit",
] as const satisfies (keyof RunFilter)[];

/** Rejects with a WindlassError. */
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

import { RunStatus, RunStatusSchema } from "@windlass/proto";
import { createRequestId } from "../../client/request-id.ts";
import { type RunSnapshot, runSnapshotFromProto, type RunStatusName } from "../../client/run-snapshot.ts";
import type { EncodedContent } from "../../content/json-content.ts";
import { callDefault } from "./connect.ts";

/** Which runs; what is left out does not matter. */
export interface RunFilter {
  readonly statuses?: readonly RunStatusName[];
  readonly task?: string;
  readonly tag?: string;
  readonly batch?: string;
  readonly parent?: string;
}

/** Every status a run can have. */
export const RUN_STATUSES = RunStatusSchema.values
  .map(({ localName }) => localName)
  .filter((name) => name !== "UNSPECIFIED") as RunStatusName[];

const MAX_PAGE = 1_000;

/** The newest runs, at most `limit`, and whether there are more. Payloads and outputs are left out. */
export async function listRuns(
  filter: RunFilter,
  limit: number,
): Promise<{ readonly runs: RunSnapshot[]; readonly hasMore: boolean }> {
  const runs: RunSnapshot[] = [];
  let pageToken = "";
  do {
    const request = {
      pageSize: Math.min(limit - runs.length, MAX_PAGE),
      pageToken,
      statuses: (filter.statuses ?? []).map((name) => RunStatus[name]),
      taskId: filter.task ?? "",
      tag: filter.tag ?? "",
      batchId: filter.batch ?? "",
      parentRunId: filter.parent ?? "",
    };
    const page = await callDefault((connection, call) => connection.runs.listRuns(request, call));
    runs.push(...page.runs.map((run) => runSnapshotFromProto(run)));
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && runs.length < limit);
  return { runs, hasMore: pageToken !== "" };
}

/** Triggers the run's task again, with its payload unless another is given. */
export async function replayRun(runId: string, payload: EncodedContent | undefined): Promise<RunSnapshot> {
  const content = payload === undefined ? {} : { payload: { data: payload.data, contentType: payload.contentType } };
  const request = { runId, requestId: createRequestId(), ...content };
  const { run } = await callDefault((connection, call) => connection.runs.replayRun(request, call));
  if (run === undefined) throw new Error("The cluster's answer names no run.");
  return runSnapshotFromProto(run);
}

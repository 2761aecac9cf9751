import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListRunsRequestSchema, RunStatus } from "@windlass/proto";
import { statusName, statusOfName } from "../../format/run-status.ts";

/** What the list's URL says. */
export interface RunsSearch {
  readonly status?: string;
  readonly task?: string;
  readonly tag?: string;
  readonly batch?: string;
  readonly parent?: string;
  readonly page?: string;
}

const PAGE_SIZE = 100;

/** The statuses that the URL names; names that are none are passed over. */
export function statusesOf({ status = "" }: RunsSearch): readonly RunStatus[] {
  return status.split(",").flatMap((name) => statusOfName(name) ?? []);
}

/** The URL's text for these statuses; undefined for all. */
export function statusText(statuses: readonly RunStatus[]): string | undefined {
  return statuses.length === 0 ? undefined : statuses.map(statusName).join(",");
}

/** The call that the URL asks for. */
export function listRequest(search: RunsSearch): MessageInitShape<typeof ListRunsRequestSchema> {
  return {
    pageSize: PAGE_SIZE,
    pageToken: search.page ?? "",
    statuses: [...statusesOf(search)],
    taskId: search.task ?? "",
    tag: search.tag ?? "",
    batchId: search.batch ?? "",
    parentRunId: search.parent ?? "",
  };
}

/** Whether anything is filtered. */
export function isFiltered({ status, task, tag, batch, parent }: RunsSearch): boolean {
  return [status, task, tag, batch, parent].some((value) => value !== undefined);
}

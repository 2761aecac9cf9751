import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ListRunsRequestSchema, RunStatus } from "@windlass/proto";
import { runsFilterNames, type RunsSearch } from "../../app/runs-search.ts";
import { statusName, statusOfName } from "../../format/run-status.ts";

/** So many runs has a page that is not the last, unless the cluster had to look for them. */
export const PAGE_SIZE = 100;

/** The statuses that the URL names; names that are none are passed over. */
export function statusesOf({ status = "" }: RunsSearch): readonly RunStatus[] {
  return status.split(",").flatMap((name) => statusOfName(name) ?? []);
}

/** The URL's text for these statuses; undefined for all. */
export function statusText(statuses: readonly RunStatus[]): string | undefined {
  return statuses.length === 0 ? undefined : statuses.map(statusName).join(",");
}

/** The moment that a text of the URL names, in milliseconds; undefined when it names none. */
export function momentOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) || ms < 0 ? undefined : ms;
}

/** The URL's text for a moment. */
export function momentText(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** The call that the URL asks for. */
export function listRequest(search: RunsSearch): MessageInitShape<typeof ListRunsRequestSchema> {
  const isTest = isTestOf(search);
  const [fromTime, toTime] = [search.from, search.to].map(timestampOf);
  return {
    pageSize: PAGE_SIZE,
    pageToken: search.page ?? "",
    statuses: [...statusesOf(search)],
    taskId: search.task ?? "",
    tag: search.tag ?? "",
    queue: search.queue ?? "",
    version: search.version ?? "",
    scheduleId: search.schedule ?? "",
    batchId: search.batch ?? "",
    parentRunId: search.parent ?? "",
    ...(isTest !== undefined && { isTest }),
    ...(fromTime !== undefined && { fromTime }),
    ...(toTime !== undefined && { toTime }),
  };
}

/** Whether anything is filtered. */
export function isFiltered(search: RunsSearch): boolean {
  return runsFilterNames.some((name) => (search[name] ?? "") !== "");
}

/** "only" or "none"; anything else is all. */
function isTestOf({ test }: RunsSearch): boolean | undefined {
  return test === "only" ? true : test === "none" ? false : undefined;
}

function timestampOf(text: string | undefined): Timestamp | undefined {
  const ms = momentOf(text);
  return ms === undefined ? undefined : timestampFromMs(ms);
}

import type { Queryable } from "@windlass/chassis";
import type { Run } from "@windlass/proto";
import { runToProto } from "../conversions/run-to-proto.ts";
import * as store from "../store/list-runs.ts";
import { type Page, pageToken } from "../validation/page.ts";
import { type RunFilter, runList } from "../validation/run-requests.ts";

/** A page of runs, newest first, without payloads, outputs and errors. */
export async function listRuns(
  db: Queryable,
  environmentId: string,
  filter: RunFilter,
  page: Page,
): Promise<{ runs: Run[]; nextPageToken: string }> {
  // One more than asked for tells whether there is a next page.
  const rows = await store.listRuns(db, { environmentId, ...filter, afterId: page.afterId, limit: page.size + 1 });
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  return {
    runs: shown.map((row) => runToProto(row)),
    nextPageToken: rows.length > shown.length && last !== undefined ? pageToken(last.id, runList(filter)) : "",
  };
}

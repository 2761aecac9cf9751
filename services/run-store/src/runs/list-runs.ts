import type { Queryable } from "@windlass/chassis";
import type { Run } from "@windlass/proto";
import { runToProto } from "../conversions/run-to-proto.ts";
import { runIdBound } from "../run-id.ts";
import * as store from "../store/list-runs.ts";
import { selectDeploymentByVersion } from "../store/select-deployment-by-version.ts";
import { type Page, pageToken } from "../validation/page.ts";
import { type RunFilter, runList } from "../validation/run-filter.ts";

/** How far the clock that made a run's id may be from the database's, by which it was triggered. */
const CLOCKS_APART_MS = 60_000;

/** A page of runs, newest first, without payloads, outputs and errors. */
export async function listRuns(
  db: Queryable,
  environmentId: string,
  filter: RunFilter,
  page: Page,
): Promise<{ runs: Run[]; nextPageToken: string }> {
  const { version, fromTimeUs, toTimeUs, ...filters } = filter;
  const deployment = version === undefined ? undefined : await selectDeploymentByVersion(db, environmentId, version);
  if (version !== undefined && deployment === undefined) return { runs: [], nextPageToken: "" };
  const { rows, stoppedAtId } = await store.listRuns(db, {
    environmentId,
    ...filters,
    deploymentId: deployment?.id,
    from: fromTimeUs === undefined ? undefined : boundAt(fromTimeUs, -CLOCKS_APART_MS),
    to: toTimeUs === undefined ? undefined : boundAt(toTimeUs, CLOCKS_APART_MS),
    afterId: page.afterId,
    // One more than asked for tells whether there is a next page.
    limit: page.size + 1,
  });
  const shown = rows.slice(0, page.size);
  const lastId = rows.length > shown.length ? shown.at(-1)?.id : stoppedAtId;
  return {
    runs: shown.map((row) => runToProto(row)),
    nextPageToken: lastId === undefined ? "" : pageToken(lastId, runList(filter)),
  };
}

function boundAt(timeUs: number, slackMs: number): { timeUs: number; runId: string } {
  return { timeUs, runId: runIdBound(timeUs / 1_000 + slackMs) };
}

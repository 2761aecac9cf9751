import { RunStatusSchema } from "@windlass/proto";
import type { RunFilter } from "../client/list-runs.ts";
import type { RunSnapshot, RunStatusName } from "../client/run-snapshot.ts";
import { runs } from "../client/runs.ts";
import { firstItems } from "./first-items.ts";

/** Every status a run can have. */
export const RUN_STATUSES = RunStatusSchema.values
  .map(({ localName }) => localName)
  .filter((name) => name !== "UNSPECIFIED") as RunStatusName[];

const MAX_PAGE = 1_000;

/** The newest runs that match, at most `limit`, and whether there are more. Payloads and outputs are left out. */
export async function newestRuns(
  filter: Omit<RunFilter, "limit">,
  limit: number,
): Promise<{ readonly runs: RunSnapshot[]; readonly hasMore: boolean }> {
  const { items, hasMore } = await firstItems(runs.list({ ...filter, limit: Math.min(limit, MAX_PAGE) }), limit);
  return { runs: items, hasMore };
}

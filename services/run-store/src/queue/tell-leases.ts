import type { Queryable } from "@windlass/chassis";
import { leasedRunToProto } from "../conversions/queue-settings.ts";
import type { Feed } from "../feed/feed.ts";
import { LEASE_START, type LeasedRow, listLeasedRuns } from "../store/list-leased-runs.ts";
import type { LeaseList } from "./queue-news.ts";

const PAGE_SIZE = 10_000;

/**
 * Reads all leases of a shard and tells them. A lease whose end is told before the list is, is left out of it: its reader would otherwise take it for one that came again.
 * A run is in the list at most once, with the lease that it had when its page was read.
 */
export async function tellLeases(
  { db, feed }: { readonly db: Queryable; readonly feed: Feed },
  shard: number,
  tell: (list: LeaseList) => void,
): Promise<void> {
  const ended = new Set<string>();
  const stop = feed.freed.listen((slots) => {
    for (const slot of slots) ended.add(slot.leaseToken);
  });
  try {
    const rows: LeasedRow[] = [];
    let timeUs: number | undefined;
    for (let after = LEASE_START; ;) {
      const page = await listLeasedRuns(db, { shard, after, limit: PAGE_SIZE });
      timeUs ??= page.nowUs;
      rows.push(...page.rows);
      const last = page.rows.at(-1);
      if (last === undefined || page.rows.length < PAGE_SIZE) break;
      after = { environmentId: last.environment_id, runId: last.run_id };
    }
    const runs = rows.filter((row) => !ended.has(row.lease_token)).map(leasedRunToProto);
    tell({ $typeName: "LeaseList", timeUs: BigInt(timeUs), runs });
  } finally {
    stop();
  }
}

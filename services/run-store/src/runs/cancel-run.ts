import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Queryable } from "@windlass/chassis";
import { CancelPhase, type Run, WatchRunResponseSchema } from "@windlass/proto";
import { type AnnounceChanges, changedRun } from "../announce-changes.ts";
import { cancelLeaseToProto } from "../conversions/cancel-lease.ts";
import { runToProto } from "../conversions/run-to-proto.ts";
import { runNotFound } from "../failures.ts";
import type { Feed } from "../feed/feed.ts";
import { isTerminal } from "../run-state.ts";
import { compare } from "../run-order.ts";
import { type CanceledRow, cancelRuns } from "../store/cancel-runs.ts";
import { CHILD_START, listChildren } from "../store/list-children.ts";
import { selectRunRow } from "../store/select-run-row.ts";
import type { RunEndReader } from "./run-end-reader.ts";
import { tellEnds } from "./tell-ends.ts";

/** What canceling a run needs. */
export interface CancelRunOptions {
  readonly postgres: Queryable;
  readonly feed: Feed;
  readonly reader: RunEndReader;
  readonly clock: Clock;
  readonly announce: AnnounceChanges;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
}

const CHILDREN_PER_STATEMENT = 500;

/**
 * Cancels a run: at once when no supervisor has it, else it becomes CANCELING and its supervisor is told through the feed; should that be lost, by the answer to its
 * next heartbeat. A run that is being canceled or has ended stays as it is, with its first reason. One statement under the run's lock decides between this and a
 * claim or an end that comes at the same moment. Then come the runs that it has triggered and that have not ended, theirs, and so on; one that is triggered from now on is
 * CANCELED from the start. A crash in between leaves the rest going, until whoever got no answer asks again, or unfinished-cancel-loop.ts finds it. Returns the run as it is then.
 * Throws RUN_NOT_FOUND.
 */
export async function cancelRun(
  options: CancelRunOptions,
  { environmentId, runId, reason }: { readonly environmentId: string; readonly runId: string; readonly reason: string },
): Promise<Run> {
  const event = encodeRequest(reason, options.clock.nowMs());
  const request = { environmentId, reason, event };
  const [canceled] = await cancelThese(options, request, [runId]);
  const row = canceled ?? (await selectRunRow(options.postgres, environmentId, runId));
  if (row === undefined) throw runNotFound(runId);
  if (row.status === "CANCELING" || row.status === "CANCELED") await cancelDescendants(options, request, runId);
  return runToProto(row);
}

interface CancelRequest {
  readonly environmentId: string;
  readonly reason: string;
  readonly event: Uint8Array;
}

async function cancelThese(
  options: CancelRunOptions,
  request: CancelRequest,
  runIds: readonly string[],
): Promise<CanceledRow[]> {
  const rows = await cancelRuns(options.postgres, { ...request, runIds }, options.hasOutbox);
  await tell(options, request.environmentId, rows);
  return rows;
}

/** Depth first, so that what is still to be visited stays a few pages, however wide the tree. */
async function cancelDescendants(options: CancelRunOptions, request: CancelRequest, runId: string): Promise<void> {
  const open = [{ parentRunIds: [runId], after: CHILD_START }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const children = await listChildren(options.postgres, {
      environmentId: request.environmentId,
      ...next,
      limit: CHILDREN_PER_STATEMENT,
    });
    const last = children.at(-1);
    if (last === undefined) continue;
    if (children.length === CHILDREN_PER_STATEMENT) open.push({ ...next, after: last });
    const childIds = children.map((child) => child.run_id).toSorted(compare);
    await cancelThese(options, request, childIds);
    open.push({ parentRunIds: childIds, after: CHILD_START });
  }
}

async function tell(options: CancelRunOptions, environmentId: string, rows: readonly CanceledRow[]): Promise<void> {
  for (const row of rows) {
    if (row.supervisor_id !== null)
      options.feed.cancels.publish(row.supervisor_id, cancelLeaseToProto({ ...row, environment_id: environmentId }));
  }
  const changes = rows.map((row) => changedRun({ ...row, environment_id: environmentId }));
  options.announce(rows[0]?.outbox_id ?? null, changes);
  await tellEnds(
    options,
    changes.filter((change) => isTerminal(change.status)),
  );
}

/** The timeline's entry for the request; the status that follows is the chunk's own. */
function encodeRequest(reason: string, nowMs: number): Uint8Array {
  const cancelProgress = { case: "cancelProgress", value: { phase: CancelPhase.REQUESTED, reason } } as const;
  return toBinary(
    WatchRunResponseSchema,
    create(WatchRunResponseSchema, { events: [{ time: timestampFromMs(nowMs), body: cancelProgress }] }),
  );
}

import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Queryable } from "@windlass/chassis";
import { CancelLeaseSchema, CancelPhase, type Run, WatchRunResponseSchema } from "@windlass/proto";
import { endToProto, runToProto } from "../conversions/run-to-proto.ts";
import { runNotFound } from "../failures.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { isTerminal } from "../run-state.ts";
import { type CanceledRow, cancelRun as storeCancel } from "../store/cancel-run.ts";
import { readRunEnds } from "../store/read-run-ends.ts";
import { selectRunRow } from "../store/select-run-row.ts";

/** What canceling a run needs. */
export interface CancelRunOptions {
  readonly postgres: Queryable;
  readonly feed: Feed;
  readonly clock: Clock;
  /** Whether changes are announced to other replicas: the transaction then leaves a row in the outbox. */
  readonly announces: boolean;
  /** Told after each commit that left a row in the outbox. */
  readonly onAnnounced: (environmentId: string, runId: string) => void;
}

/**
 * Cancels a run: at once when no supervisor has it, else it becomes CANCELING and its supervisor is told through the feed; should that be lost, by the answer to its
 * next heartbeat. A run that is being canceled or has ended stays as it is, with its first reason. One statement under the run's lock decides between this and a
 * claim or an end that comes at the same moment. Returns the run as it is then. Throws RUN_NOT_FOUND.
 */
export async function cancelRun(
  options: CancelRunOptions,
  { environmentId, runId, reason }: { readonly environmentId: string; readonly runId: string; readonly reason: string },
): Promise<Run> {
  const event = encodeRequest(reason, options.clock.nowMs());
  const row = await storeCancel(options.postgres, { environmentId, runId, reason, event }, options.announces);
  if (row === undefined) {
    const unchanged = await selectRunRow(options.postgres, environmentId, runId);
    if (unchanged === undefined) throw runNotFound(runId);
    return runToProto(unchanged);
  }
  await publish(options, row);
  return runToProto(row);
}

async function publish({ postgres, feed, announces, onAnnounced }: CancelRunOptions, row: CanceledRow): Promise<void> {
  const key = runKey(row.environment_id, row.id);
  if (row.supervisor_id !== null && feed.cancels.has(row.supervisor_id)) {
    feed.cancels.publish(
      row.supervisor_id,
      create(CancelLeaseSchema, {
        ref: { environmentId: row.environment_id, runId: row.id, leaseToken: row.lease_token ?? "" },
        reason: row.cancel_reason ?? "",
        ...(row.cancel_request_time !== null && { requestTime: timestampFromDate(row.cancel_request_time) }),
      }),
    );
  }
  feed.runChanges.publish(key, { eventSeq: row.event_seq, isTerminal: isTerminal(row.status) });
  if (announces) onAnnounced(row.environment_id, row.id);
  if (!isTerminal(row.status) || !feed.finished.has(key)) return;
  const [end] = await readRunEnds(postgres, [{ environmentId: row.environment_id, runId: row.id }]);
  if (end !== undefined) feed.finished.publish(key, runToProto(end, endToProto(end.status, end)));
}

/** The timeline's entry for the request; the status that follows is the chunk's own. */
function encodeRequest(reason: string, nowMs: number): Uint8Array {
  const cancelProgress = { case: "cancelProgress", value: { phase: CancelPhase.REQUESTED, reason } } as const;
  return toBinary(
    WatchRunResponseSchema,
    create(WatchRunResponseSchema, { events: [{ time: timestampFromMs(nowMs), body: cancelProgress }] }),
  );
}

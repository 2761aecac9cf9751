import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Clock, Queryable } from "@windlass/chassis";
import { CancelPhase, type Run, WatchRunResponseSchema } from "@windlass/proto";
import type { AnnounceChanges } from "../announce-changes.ts";
import { cancelLeaseToProto } from "../conversions/cancel-lease.ts";
import { runToProto } from "../conversions/run-to-proto.ts";
import { runNotFound } from "../failures.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { isTerminal } from "../run-state.ts";
import * as store from "../store/cancel-run.ts";
import { selectRunRow } from "../store/select-run-row.ts";
import type { RunEndReader } from "./run-end-reader.ts";

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
  const row = await store.cancelRun(options.postgres, { environmentId, runId, reason, event }, options.hasOutbox);
  if (row === undefined) {
    const unchanged = await selectRunRow(options.postgres, environmentId, runId);
    if (unchanged === undefined) throw runNotFound(runId);
    return runToProto(unchanged);
  }
  await tell(options, environmentId, row);
  return runToProto(row);
}

async function tell(
  { feed, reader, announce }: CancelRunOptions,
  environmentId: string,
  row: store.CanceledRow,
): Promise<void> {
  const { id: runId, task_id: taskId, status, revision, event_seq: eventSeq } = row;
  if (row.supervisor_id !== null)
    feed.cancels.publish(row.supervisor_id, cancelLeaseToProto({ ...row, environment_id: environmentId }));
  announce(row.outbox_id, [{ environmentId, runId, taskId, status, revision, eventSeq }]);
  const key = runKey(environmentId, runId);
  if (!isTerminal(status) || !feed.finished.has(key)) return;
  const end = await reader.read.submit({ environmentId, runId });
  if (end !== undefined) feed.finished.publish(key, end);
}

/** The timeline's entry for the request; the status that follows is the chunk's own. */
function encodeRequest(reason: string, nowMs: number): Uint8Array {
  const cancelProgress = { case: "cancelProgress", value: { phase: CancelPhase.REQUESTED, reason } } as const;
  return toBinary(
    WatchRunResponseSchema,
    create(WatchRunResponseSchema, { events: [{ time: timestampFromMs(nowMs), body: cancelProgress }] }),
  );
}

import type { Queryable } from "@windlass/chassis";
import type { Queue } from "@windlass/proto";
import { queueCountToProto, queueToProto } from "../conversions/queue-to-proto.ts";
import { countQueues } from "../store/count-queues.ts";
import type { QueueRow } from "../store/queue-row.ts";
import type { QueueStates } from "./queue-states.ts";

/** What reading queues works with. */
export interface DescribeQueuesOptions {
  readonly db: Queryable;
  readonly queueStates: QueueStates;
}

/** So many runs of a queue are counted when its owner cannot be asked; of more only this many are told. */
const MAX_COUNTED = 100_000;

/** Queues with how full they are: as their owner knows it, else as counted in the store. */
export async function describeQueues(
  { db, queueStates }: DescribeQueuesOptions,
  environmentId: string,
  rows: readonly QueueRow[],
): Promise<Queue[]> {
  if (rows.length === 0) return [];
  const names = rows.map((row) => row.name);
  const states =
    (await queueStates.describe(environmentId, names)) ??
    (await countQueues(db, environmentId, names, MAX_COUNTED)).map(queueCountToProto);
  return rows.map((row, index) => queueToProto(row, states[index]));
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { ErrorReason, type QueueSchema, type QueueService } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";

export type StoredQueue = Extract<MessageInitShape<typeof QueueSchema>, { $typeName?: never }> & { name: string };

/** A QueueService in memory. Nothing is decided by these queues; they are only kept. */
export function testQueueService(queues: Map<string, StoredQueue>): ServiceImplementation<typeof QueueService> {
  const change = (name: string, changes: Partial<StoredQueue>): { queue: StoredQueue } => {
    const queue = queues.get(name);
    if (queue === undefined) throw queueNotFound(name);
    return { queue: Object.assign(queue, changes) };
  };
  return {
    listQueues: async ({ pageSize, pageToken }) => {
      const all = [...queues.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const start = Number(pageToken);
      const end = start + (pageSize || 100);
      return { queues: all.slice(start, end), nextPageToken: end < all.length ? String(end) : "" };
    },
    getQueue: async ({ name }) => change(name, {}),
    pauseQueue: async ({ name }) => change(name, { isPaused: true }),
    resumeQueue: async ({ name }) => change(name, { isPaused: false }),
    overrideConcurrencyLimit: async ({ name, concurrencyLimit }) =>
      change(name, { concurrencyLimit, isOverridden: true }),
    resetConcurrencyLimit: async ({ name }) => {
      const { queue } = change(name, { isOverridden: false });
      delete queue.concurrencyLimit;
      const declared = queue.declaredConcurrencyLimit;
      return change(name, declared === undefined ? {} : { concurrencyLimit: declared });
    },
  };
}

function queueNotFound(name: string): CallFailure {
  return new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.QUEUE_NOT_FOUND,
    message: `There is no queue ${name}.`,
  });
}

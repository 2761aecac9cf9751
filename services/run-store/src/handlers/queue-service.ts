import type { ServiceCall } from "@windlass/chassis";
import type { QueueService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { type ChangeQueueOptions, overrideConcurrencyLimit, pauseQueue } from "../queues/change-queue.ts";
import { getQueue, listQueues } from "../queues/list-queues.ts";
import { parseListQueues, parseOverrideConcurrencyLimit, parseQueueName } from "../validation/queue-requests.ts";
import { environmentOf } from "./caller.ts";

export function createQueueService(
  options: ChangeQueueOptions,
): ServiceImplementation<typeof QueueService, ServiceCall> {
  return {
    listQueues: async (request, call) => listQueues(options, environmentOf(call), parseListQueues(request)),
    getQueue: async (request, call) => ({
      queue: await getQueue(options, environmentOf(call), parseQueueName(request)),
    }),
    pauseQueue: async (request, call) => ({
      queue: await pauseQueue(options, environmentOf(call), parseQueueName(request), true),
    }),
    resumeQueue: async (request, call) => ({
      queue: await pauseQueue(options, environmentOf(call), parseQueueName(request), false),
    }),
    overrideConcurrencyLimit: async (request, call) => {
      const { name, limit } = parseOverrideConcurrencyLimit(request);
      return { queue: await overrideConcurrencyLimit(options, environmentOf(call), name, limit) };
    },
    resetConcurrencyLimit: async (request, call) => ({
      queue: await overrideConcurrencyLimit(options, environmentOf(call), parseQueueName(request), null),
    }),
  };
}

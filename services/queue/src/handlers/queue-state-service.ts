import { type Clock, notReady } from "@windlass/chassis";
import type { QueueStateService } from "@windlass/proto";
import { fieldInvalid, type ServiceImplementation } from "@windlass/proto/grpc";
import { holdToProto, queueStateToProto } from "../conversions.ts";
import { explainHold, type SupervisorsView } from "../explain-hold.ts";
import { EMPTY_QUEUE } from "../queue-state.ts";
import type { ReadyQueues } from "../ready-queues.ts";
import type { Shards } from "../shards.ts";

const MAX_QUEUES = 1_000;

/** What is in memory, for people who ask. */
export function queueStateServiceHandlers(
  shards: Shards,
  supervisors: SupervisorsView,
  clock: Clock,
): ServiceImplementation<typeof QueueStateService> {
  return {
    async describeQueues({ environmentId, queues }) {
      if (queues.length > MAX_QUEUES) {
        const description = `may name at most ${MAX_QUEUES} queues; it names ${queues.length}.`;
        throw fieldInvalid({ field: "queues", description });
      }
      const ready = listedReadyOf(shards, environmentId);
      const states = queues.map((queue) => queueStateToProto(ready?.stateOf(environmentId, queue) ?? EMPTY_QUEUE));
      return { states };
    },

    async explainRun({ environmentId, runId }) {
      const ready = listedReadyOf(shards, environmentId);
      const hold = ready === undefined ? undefined : explainHold(ready, runId, clock.monotonicMs(), supervisors);
      return { hold: hold === undefined ? undefined : holdToProto(hold, clock.nowMs()) };
    },
  };
}

/**
 * Where the environment's runs wait; undefined when none waits or executes. Throws NOT_READY when this process owns nothing,
 * or has not listed all that it owns: then it cannot know.
 */
function listedReadyOf(shards: Shards, environmentId: string): ReadyQueues | undefined {
  const loops = [...shards.loops()];
  if (loops.length === 0 || !loops.every(({ ready }) => ready.isListed)) {
    throw notReady("This queue service does not know the environment's queues just now.");
  }
  return shards.readyOf(environmentId);
}

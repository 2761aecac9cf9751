import type { Logger, Postgres, ServiceCall } from "@windlass/chassis";
import type { RunQueueService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { holdShards, leaveShards } from "../queue/hold-shards.ts";
import { parseHoldShards } from "../validation/claim-requests.ts";

/** The handler of RunQueueService.HoldShards: each hello is answered. A caller that ends its half leaves; one that is cut off has its 3 s. */
export function createHoldShards(options: {
  readonly postgres: Postgres;
  readonly logger: Logger;
}): ServiceImplementation<typeof RunQueueService, ServiceCall>["holdShards"] {
  return async function* hold(requests) {
    let caller: string | undefined;
    for await (const request of requests) {
      const hello = parseHoldShards(request);
      caller = hello.id;
      const { shards, unwanted } = await holdShards(options, hello);
      yield {
        $typeName: "windlass.internal.v1.HoldShardsResponse",
        shards: [...shards],
        unwantedShards: [...unwanted],
      };
    }
    if (caller !== undefined) await leaveShards(options.postgres, caller);
  };
}

import { asCallFailure, callErrorFromFailure, CallFailure, type ServiceImplementation } from "@windlass/proto/grpc";
import type { Logger, Postgres, ServiceCall } from "@windlass/chassis";
import type { ClaimResult, ClaimRunsRequest, ClaimRunsResponse, Lease, RunQueueService } from "@windlass/proto";
import type { ClaimedMessage, RunClaimer } from "../queue/claim-runs.ts";
import { watchQueued, type WatchQueuedOptions } from "../queue/watch-queued.ts";
import { parseClaimRuns, parseWatchQueued } from "../validation/claim-requests.ts";
import { answerStream } from "./answer-stream.ts";
import { createHoldShards } from "./hold-shards.ts";

/** What the handlers of RunQueueService work with. */
export interface RunQueueServiceOptions extends WatchQueuedOptions {
  readonly postgres: Postgres;
  readonly claimer: RunClaimer;
}

/** A queue has two messages of claims in flight. */
const MAX_IN_FLIGHT = 8;

export function createRunQueueService(
  options: RunQueueServiceOptions,
): ServiceImplementation<typeof RunQueueService, ServiceCall> {
  return {
    holdShards: createHoldShards(options),
    watchQueued: (request, call) => watchQueued(options, parseWatchQueued(request), call.signal),
    claimRuns: (requests, call) =>
      answerStream({
        requests,
        signal: call.signal,
        maxInFlight: MAX_IN_FLIGHT,
        answer: (request) => answerClaims(options, request),
      }),
  };
}

async function answerClaims(
  { claimer, logger }: RunQueueServiceOptions,
  request: ClaimRunsRequest,
): Promise<ClaimRunsResponse> {
  const claimed = await claimSafely(claimer, logger, request);
  const answer = {
    $typeName: "windlass.internal.v1.ClaimRunsResponse",
    correlationId: request.correlationId,
  } as const;
  return claimed instanceof CallFailure
    ? { ...answer, results: [], error: callErrorFromFailure(claimed) }
    : { ...answer, results: claimed.map(claimResult) };
}

async function claimSafely(claimer: RunClaimer, logger: Logger, request: ClaimRunsRequest): Promise<ClaimedMessage> {
  try {
    return await claimer.claim(parseClaimRuns(request));
  } catch (error) {
    if (!(error instanceof CallFailure)) logger.error("claims failed by a defect", { error });
    return asCallFailure(error);
  }
}

function claimResult(claimed: Lease | CallFailure): ClaimResult {
  return {
    $typeName: "windlass.internal.v1.ClaimResult",
    result:
      claimed instanceof CallFailure
        ? { case: "error", value: callErrorFromFailure(claimed) }
        : { case: "lease", value: claimed },
  };
}

import { asCallFailure, callErrorFromFailure, CallFailure, type ServiceImplementation } from "@windlass/proto/grpc";
import type { Postgres, ServiceCall } from "@windlass/chassis";
import type { ClaimResult, ClaimRunsRequest, ClaimRunsResponse, Lease, RunQueueService } from "@windlass/proto";
import type { ClaimedMessage, RunClaimer } from "../queue/claim-runs.ts";
import type { NextClaims } from "../queue/next-claims.ts";
import { watchQueued, type WatchQueuedOptions } from "../queue/watch-queued.ts";
import { parseClaimNext, parseClaimRuns, parseWatchQueued } from "../validation/claim-requests.ts";
import { answerStream } from "./answer-stream.ts";
import { createHoldShards } from "./hold-shards.ts";

/** What the handlers of RunQueueService work with. */
export interface RunQueueServiceOptions extends WatchQueuedOptions {
  readonly postgres: Postgres;
  readonly claimer: RunClaimer;
  readonly nextClaims: NextClaims;
}

/** A queue has two messages of claims in flight, and some for runs to come. */
const MAX_IN_FLIGHT = 16;

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
        answer: (request) => answerClaims(options, request, call.signal),
      }),
  };
}

async function answerClaims(
  options: RunQueueServiceOptions,
  request: ClaimRunsRequest,
  stream: AbortSignal,
): Promise<ClaimRunsResponse> {
  const claimed = await claimSafely(options, request, stream);
  const answer = {
    $typeName: "windlass.internal.v1.ClaimRunsResponse",
    correlationId: request.correlationId,
  } as const;
  return claimed instanceof CallFailure
    ? { ...answer, results: [], error: callErrorFromFailure(claimed) }
    : { ...answer, results: claimed.map(claimResult) };
}

async function claimSafely(
  { claimer, nextClaims, logger }: RunQueueServiceOptions,
  request: ClaimRunsRequest,
  stream: AbortSignal,
): Promise<ClaimedMessage> {
  try {
    if (request.answerNext) {
      nextClaims.answer(stream, request.shard);
      return [];
    }
    if (request.next !== undefined) return await nextClaims.wait(parseClaimNext(request, request.next), stream);
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

import type { Logger } from "@windlass/chassis";
import {
  type ClaimNext,
  type EnvironmentSettings,
  ErrorReason,
  type Lease,
  type QueuedRun,
  type QueueSettings,
} from "@windlass/proto";
import { asCallFailure, CallFailure } from "@windlass/proto/grpc";
import type { Feed } from "../feed/feed.ts";
import type { RunClaimer } from "./claim-runs.ts";

/** What the queue asks for in advance, in one message. */
export interface NextClaim {
  /** Of the environment. */
  readonly shard: number;
  readonly epoch: bigint;
  readonly next: ClaimNext;
}

/** Claims of runs that are not stored yet. */
export interface NextClaims {
  /** Keeps the claim until runs come for it, or `answer` is called, or the stream ends. Resolves with the leases that were made, or why none could be made (EPOCH_STALE). */
  wait(claim: NextClaim, stream: AbortSignal): Promise<Lease[] | CallFailure>;
  /** Answers the claims of a stream that still wait, without a lease. */
  answer(stream: AbortSignal, shard: number): void;
  /** Claims those of the runs, just committed, that a claim waits for. Returns the others, of which the queue must be told. */
  take(runs: QueuedRun[]): readonly QueuedRun[];
}

interface Waiting extends NextClaim {
  /** The name of the runs that it takes. */
  key: string;
  readonly stream: AbortSignal;
  readonly resolve: (leases: Lease[] | CallFailure) => void;
}

/** The name of no runs. */
const NONE = "";

/**
 * A claim is answered with the first runs that come for it, as many as were stored at that moment: what comes later is for the next claim, or is told. A crash loses claims that
 * wait, and with the stream the queue knows; runs that were stored and not claimed are QUEUED, and are listed by the next watch (I1).
 * Once its queue's or environment's settings have changed a claim takes no run: the queue, which hears of them too, asks for the answer and claims by the new ones.
 */
export function createNextClaims(options: {
  readonly claimer: Pick<RunClaimer, "claim">;
  readonly feed: Feed;
  readonly logger: Logger;
}): NextClaims {
  const { claimer, feed, logger } = options;
  /** In the order they came. */
  const waiting = new Map<string, Set<Waiting>>();

  const add = (claim: Waiting): void => {
    const claims = waiting.get(claim.key);
    if (claims === undefined) waiting.set(claim.key, new Set([claim]));
    else claims.add(claim);
  };

  const remove = (claim: Waiting): boolean => {
    const claims = waiting.get(claim.key);
    if (claims?.delete(claim) !== true) return false;
    if (claims.size === 0) waiting.delete(claim.key);
    return true;
  };

  feed.queueSettings.listen((changes) => {
    for (const claims of waiting.values()) {
      for (const claim of claims) {
        if (claim.key === NONE || !changes.some((change) => concerns(change, claim.next))) continue;
        remove(claim);
        claim.key = NONE;
        add(claim);
      }
    }
  });

  const firstFor = (run: QueuedRun): Waiting | undefined =>
    run.supervisorId === "" ? waiting.get(nameOf(run))?.values().next().value : undefined;

  const claimNow = async (claim: Waiting, runs: readonly QueuedRun[]): Promise<void> => {
    const { shard, epoch, next, resolve } = claim;
    const claims = runs.map(({ environmentId, runId }) => ({
      $typeName: "windlass.internal.v1.Claim" as const,
      environmentId,
      runId,
      supervisorId: next.supervisorId,
      traceparent: "",
    }));
    const results = await claimer.claim({ shard, epoch, claims }).catch(asCallFailure);
    if (results instanceof CallFailure) {
      logger.debug("runs that could not be claimed as they came are told", { count: runs.length, error: results });
      feed.queued.publish(runs);
      resolve(results);
      return;
    }
    feed.queued.publish(runs.filter((_, index) => isStillQueued(results[index])));
    resolve(results.flatMap((result) => (result instanceof CallFailure ? [] : [result])));
  };

  return {
    wait(claim, stream) {
      return new Promise((resolve) => {
        if (stream.aborted) {
          resolve([]);
          return;
        }
        const own: Waiting = {
          ...claim,
          key: nameOf(claim.next),
          stream,
          resolve(leases) {
            stream.removeEventListener("abort", onEnd);
            resolve(leases);
          },
        };
        const onEnd = (): void => {
          if (remove(own)) own.resolve([]);
        };
        stream.addEventListener("abort", onEnd, { once: true });
        add(own);
      });
    },

    answer(stream, shard) {
      for (const claims of waiting.values()) {
        for (const claim of claims) {
          if (claim.stream === stream && claim.shard === shard && remove(claim)) claim.resolve([]);
        }
      }
    },

    take(runs) {
      if (waiting.size === 0) return runs;
      const taken = new Map<Waiting, QueuedRun[]>();
      const left: QueuedRun[] = [];
      for (const run of runs) {
        const claim = firstFor(run);
        if (claim === undefined) {
          left.push(run);
          continue;
        }
        const own = taken.get(claim);
        if (own === undefined) taken.set(claim, [run]);
        else own.push(run);
        if ((own?.length ?? 1) >= claim.next.count) remove(claim);
      }

      for (const [claim, own] of taken) {
        remove(claim);
        void claimNow(claim, own);
      }
      return left;
    },
  };
}

/** Names are whatever users make them, so the one's length says where it ends. */
function nameOf({
  environmentId,
  queue,
  concurrencyKey,
  machine,
}: Omit<ClaimNext, "supervisorId" | "count" | "$typeName">): string {
  return `${environmentId} ${machine} ${queue.length} ${queue}${concurrencyKey}`;
}

/** Whether what has changed holds for the runs that are claimed. */
function concerns(change: EnvironmentSettings | QueueSettings, { environmentId, queue }: ClaimNext): boolean {
  if (change.environmentId !== environmentId) return false;
  return change.$typeName === "windlass.internal.v1.EnvironmentSettings" || change.queue === queue;
}

function isStillQueued(result: Lease | CallFailure | undefined): boolean {
  return result instanceof CallFailure && result.reason !== ErrorReason.RUN_NOT_QUEUED;
}

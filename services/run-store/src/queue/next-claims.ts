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
  /** Sets a claim aside for each run that is about to be stored in one of these lines, undefined where none waits for it. Several runs may have one claim; each claim must be settled. */
  setAside(lines: readonly (ClaimedLine | undefined)[]): (ClaimAside | undefined)[];
  /** Claims those of the runs, just committed, that a claim waits for. Returns the others, of which the queue must be told. */
  take(runs: QueuedRun[]): readonly QueuedRun[];
}

/** Which runs a claim takes: those of one queue, key and machine. */
export type ClaimedLine = Pick<ClaimNext, "environmentId" | "queue" | "concurrencyKey" | "machine">;

/** A claim that takes runs as they are stored. */
export interface ClaimAside extends NextClaim {
  /** The leases that were made under it, or why they cannot be told. With none the claim waits on. */
  settle(leases: Lease[] | CallFailure): void;
}

interface Waiting extends ClaimAside {
  /** The name of the runs that it takes. */
  key: string;
  /** Its answer was asked for while it was set aside. */
  isRecalled: boolean;
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
  const aside = new Set<Waiting>();

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
    const isConcerned = (claim: Waiting): boolean =>
      claim.key !== NONE && changes.some((change) => concerns(change, claim.next));
    for (const claim of aside) if (isConcerned(claim)) claim.key = NONE;
    for (const claims of waiting.values()) {
      for (const claim of claims) {
        if (!isConcerned(claim)) continue;
        remove(claim);
        claim.key = NONE;
        add(claim);
      }
    }
  });

  /** A claim for each line, as many times as it has runs to take; these claims wait no longer. */
  const allot = (lines: readonly (ClaimedLine | undefined)[]): (Waiting | undefined)[] => {
    const counts = new Map<Waiting, number>();
    const allotted = lines.map((line) => {
      const claim = line === undefined ? undefined : waiting.get(nameOf(line))?.values().next().value;
      if (claim === undefined) return undefined;
      const count = (counts.get(claim) ?? 0) + 1;
      counts.set(claim, count);
      if (count >= claim.next.count) remove(claim);
      return claim;
    });
    for (const claim of counts.keys()) remove(claim);
    return allotted;
  };

  const settle = (claim: Waiting, leases: Lease[] | CallFailure): void => {
    aside.delete(claim);
    const isUsed = leases instanceof CallFailure || leases.length > 0;
    if (isUsed || claim.isRecalled || claim.stream.aborted) claim.resolve(leases);
    else add(claim);
  };

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
          isRecalled: false,
          stream,
          settle: (leases) => settle(own, leases),
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
      for (const claim of aside) if (claim.stream === stream && claim.shard === shard) claim.isRecalled = true;
      for (const claims of waiting.values()) {
        for (const claim of claims) {
          if (claim.stream === stream && claim.shard === shard && remove(claim)) claim.resolve([]);
        }
      }
    },

    setAside(lines) {
      if (waiting.size === 0) return lines.map(() => undefined);
      const allotted = allot(lines);
      for (const claim of allotted) if (claim !== undefined) aside.add(claim);
      return allotted;
    },

    take(runs) {
      if (waiting.size === 0) return runs;
      const taken = new Map<Waiting, QueuedRun[]>();
      const left: QueuedRun[] = [];
      const allotted = allot(runs.map((run) => (run.supervisorId === "" ? run : undefined)));
      for (const [index, run] of runs.entries()) {
        const claim = allotted[index];
        if (claim === undefined) left.push(run);
        else if (taken.has(claim)) taken.get(claim)?.push(run);
        else taken.set(claim, [run]);
      }
      for (const [claim, own] of taken) void claimNow(claim, own);
      return left;
    },
  };
}

/** Names are whatever users make them, so the one's length says where it ends. */
function nameOf({ environmentId, queue, concurrencyKey, machine }: ClaimedLine): string {
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

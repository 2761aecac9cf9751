import type {
  CancelLease,
  DueItem,
  EnvironmentSettings,
  FreedSlot,
  QueuedRun,
  QueueSettings,
  Run,
} from "@windlass/proto";
import { createLiveRuns, type LiveRuns } from "./live-runs.ts";
import { createKeyedTopic, type KeyedTopic } from "./keyed-topic.ts";
import { createTopic, type Topic } from "./topic.ts";

/** A run got new timeline entries, and with them perhaps a new status. */
export interface RunChange {
  /** The seq of its last entry now: a reader that has it has nothing to read. */
  readonly eventSeq: bigint;
  /** True when the run has ended, hence no entry will follow. */
  readonly isTerminal: boolean;
}

/**
 * What has just been committed, told within this process (adr/0001). Use cases publish after the commit, never before; streams subscribe first and list second, so that
 * nothing falls between. It is a hint: a dead process tells nothing, so every reader also lists from time to time (I9).
 *
 * With NATS, other replicas' commits arrive here too, read again from the database.
 */
export interface Feed {
  /** Runs that entered QUEUED. */
  readonly queued: Topic<QueuedRun>;
  /** Leases that hold no slot any more. */
  readonly freed: Topic<FreedSlot>;
  /** What has changed about environments and queues. */
  readonly queueSettings: Topic<EnvironmentSettings | QueueSettings>;
  /** Moments that became known; `dueInMs` counts from the publication. */
  readonly due: Topic<DueItem>;
  /** Cancels, by the supervisor that holds the lease. */
  readonly cancels: KeyedTopic<CancelLease>;
  /** Any change of a run, by `runKey`. */
  readonly runChanges: KeyedTopic<RunChange>;
  /** Ends of runs, by `runKey`; the run carries output and error. */
  readonly finished: KeyedTopic<Run>;
  /** Tokens that were completed or timed out, by `tokenKey`. Says nothing of how: whoever waits reads it. */
  readonly endedTokens: KeyedTopic<undefined>;
  /** By `runKey`. */
  readonly liveRuns: LiveRuns;
}

/** The key of a run in `runChanges` and `finished`. */
export function runKey(environmentId: string, runId: string): string {
  return `${environmentId}/${runId}`;
}

/** The key of a token in `endedTokens`. */
export function tokenKey(environmentId: string, tokenId: string): string {
  return `${environmentId}/${tokenId}`;
}

export function createFeed(): Feed {
  return {
    queued: createTopic("queued"),
    freed: createTopic("freed"),
    queueSettings: createTopic("queue settings"),
    due: createTopic("due"),
    cancels: createKeyedTopic(),
    runChanges: createKeyedTopic(),
    finished: createKeyedTopic(),
    endedTokens: createKeyedTopic(),
    liveRuns: createLiveRuns(),
  };
}

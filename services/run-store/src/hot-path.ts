import type { Clock, Component, Logger, Postgres, Telemetry } from "@windlass/chassis";
import { createAnnouncer } from "./announce-changes.ts";
import { createDeploymentCache } from "./deployments/deployment-cache.ts";
import { createTaskLimitsCache } from "./deployments/task-limits-cache.ts";
import type { DatabaseClock } from "./due/database-clock.ts";
import type { Feed } from "./feed/feed.ts";
import type { OutboxPublisher } from "./outbox/outbox-publisher.ts";
import { createQueueAnnouncer } from "./queue/announce-queue-news.ts";
import { createRunClaimer, type RunClaimer } from "./queue/claim-runs.ts";
import { createEnvironmentShards, type EnvironmentShards } from "./queue/environment-shards.ts";
import { createNextClaims, type NextClaims } from "./queue/next-claims.ts";
import { createStoreAndClaim } from "./queue/store-and-claim.ts";
import { admitTriggers } from "./queues/admit-triggers.ts";
import { createQueueLengths } from "./queues/queue-lengths.ts";
import { createQueueNames } from "./queues/queue-names.ts";
import { NO_QUEUE_HINTS, type QueueHints } from "./queue/queue-hints.ts";
import { createRunIds, type RunIds } from "./run-id.ts";
import { createRunMetrics } from "./run-metrics.ts";
import { createPromoter, type PromotePendingRuns } from "./runs/promote-pending-runs.ts";
import { createRunTrigger, type RunTrigger } from "./runs/trigger-runs.ts";
import type { RemoveSupervisorsOptions } from "./supervisors/remove-supervisors.ts";
import { createVariablesRevisions, type VariablesRevisions } from "./variables/variables-revisions.ts";
import { createReleaseLeases, type ReleaseLeases } from "./work/release-leases.ts";
import { createWithholdLeases } from "./work/withhold-leases.ts";
import { createWorkReporter, type WorkReporter } from "./work/report-work.ts";

export interface HotPathOptions {
  readonly postgres: Postgres;
  readonly feed: Feed;
  readonly outbox: OutboxPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly databaseClock: DatabaseClock;
  readonly logger: Logger;
  /** Default: none, for a single replica. */
  readonly queueHints?: QueueHints;
  /** 0 up to 1, for the jitter of retries. */
  readonly random: () => number;
}

/** What handlers and loops work with. */
export interface HotPathParts extends RemoveSupervisorsOptions {
  readonly trigger: RunTrigger;
  readonly runIds: RunIds;
  readonly claimer: RunClaimer;
  readonly nextClaims: NextClaims;
  readonly reporter: WorkReporter;
  readonly release: ReleaseLeases;
  readonly promotePendingRuns: PromotePendingRuns;
  readonly variablesRevisions: VariablesRevisions;
  readonly shards: EnvironmentShards;
  readonly databaseClock: DatabaseClock;
}

/** What a run passes through, wired together. `drain` and `stop` wait for what is under way. */
export interface HotPath extends Component {
  readonly parts: HotPathParts;
}

export function createHotPath(options: HotPathOptions): HotPath {
  const { postgres, feed, outbox, telemetry, clock } = options;
  const shards = createEnvironmentShards(postgres);
  const variablesRevisions = createVariablesRevisions(postgres, clock);
  const shared = {
    ...options,
    shards,
    announce: createAnnouncer(feed, outbox),
    queueNews: createQueueAnnouncer(feed, options.queueHints ?? NO_QUEUE_HINTS),
    hasOutbox: outbox.enabled,
    runIds: createRunIds(() => clock.nowMs()),
    metrics: createRunMetrics(telemetry, () => outbox.depth),
    deployments: createDeploymentCache(postgres, variablesRevisions),
  };
  const promotePendingRuns = createPromoter({ ...shared, db: postgres });
  const reporter = createWorkReporter(shared);
  const release = createReleaseLeases(reporter);
  const leasing = {
    ...shared,
    taskLimits: createTaskLimitsCache(postgres),
    release,
    withhold: createWithholdLeases(reporter),
  };
  const claimer = createRunClaimer(leasing);
  const nextClaims = createNextClaims({ ...shared, claimer });
  const storeAndClaim = createStoreAndClaim({ ...leasing, nextClaims });
  const { store } = storeAndClaim;
  const trigger = admitTriggers(createRunTrigger({ ...shared, nextClaims, store, promote: promotePendingRuns }), {
    db: postgres,
    clock,
    lengths: createQueueLengths({ ...shared, db: postgres }),
    names: createQueueNames({ ...shared, db: postgres }),
  });
  const drain = async (): Promise<void> => {
    await trigger.drain();
    // What was stored last may be claimed at once.
    await storeAndClaim.drain();
    await claimer.drain();
    // Last, because a claim can give leases back.
    await reporter.drain();
  };
  return {
    name: "hot path",
    parts: { ...shared, trigger, claimer, nextClaims, reporter, release, promotePendingRuns, variablesRevisions },
    start: () => Promise.resolve(),
    drain,
    stop: drain,
  };
}

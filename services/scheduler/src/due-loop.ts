import {
  type Clock,
  type Component,
  type Logger,
  notReady,
  type ServiceClient,
  type Telemetry,
} from "@windlass/chassis";
import type { DueService, WatchDueResponse } from "@windlass/proto";
import { backoffMs } from "@windlass/proto/grpc";
import { DueTimers } from "./due-timers.ts";
import { createSchedulerMetrics } from "./metrics.ts";

/** What is due later than this is not known here yet. */
const HORIZON_MS = 300_000;
/** How soon a listing finds what a lost notice hid. */
const LIST_INTERVAL_MS = 60_000;
const PAGE_SIZE = 1_000;
/** Some 50 MB. What is due later is listed when three quarters of these have fired. */
const MAX_TIMERS = 100_000;

export interface DueLoopOptions {
  readonly client: ServiceClient<typeof DueService>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Default 100,000. */
  readonly maxTimers?: number;
}

/**
 * Knows what is due within the next five minutes, and tells the run-store when the moment has come.
 *
 * It watches for what becomes known and lists what is, in this order, so that nothing falls between; and lists again every
 * minute and after every break. Two of these side by side do no harm: applying twice changes nothing the second time.
 */
export function createDueLoop(options: DueLoopOptions): Component {
  return new DueLoop(options);
}

class DueLoop implements Component {
  readonly name = "due loop";
  readonly #options: DueLoopOptions;
  readonly #stopping = new AbortController();
  #timers: DueTimers | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;

  constructor(options: DueLoopOptions) {
    this.#options = options;
  }

  /** Resolves at once: the run-store may come later, and go and come again. */
  start(): Promise<void> {
    const { client, clock, logger, telemetry, maxTimers = MAX_TIMERS } = this.#options;
    const timers = new DueTimers({
      applyDue: (items, signal) => client.applyDue({ items }, { signal }),
      maxTimers,
      clock,
      logger,
      metrics: createSchedulerMetrics(telemetry, () => timers.size),
    });
    this.#timers = timers;
    this.#running = this.#run(timers);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#running, this.#timers?.stop()]);
  }

  async #run(timers: DueTimers): Promise<void> {
    const { client, clock, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Gives up only when we stop; whatever else is wrong, the calls say.
      await client.channel.waitForReady(signal).catch(() => undefined);
      try {
        await this.#follow(timers);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        const retryMs = backoffMs(this.#failures);
        // One line tells of an outage; the others are for those who look closer.
        logger[this.#failures === 1 ? "warn" : "debug"]("cannot follow what is due", { error, retryMs });
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  /** Watches and lists until one of the two fails. */
  async #follow(timers: DueTimers): Promise<void> {
    const { client } = this.#options;
    const ending = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, ending.signal]);
    const watch = client.watchDue({ horizonMs: BigInt(HORIZON_MS) }, { signal });
    const watching = takeNotices(watch, timers);
    const listing = watch.opened.then(() => this.#listForever(timers, signal));
    try {
      await Promise.race([watching, listing]);
    } finally {
      ending.abort();
      await Promise.allSettled([watching, listing]);
    }
  }

  async #listForever(timers: DueTimers, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const low = new AbortController();
      timers.beginListing(() => low.abort());
      await this.#list(timers, signal);
      this.#failures = 0;
      await clock.sleep(LIST_INTERVAL_MS, AbortSignal.any([signal, low.signal])).catch(() => undefined);
    }
  }

  /** Arms page after page, soonest first, until all is armed or the rest would be let go at once. */
  async #list(timers: DueTimers, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    let pageToken = "";
    do {
      const request = { horizonMs: BigInt(HORIZON_MS), pageSize: PAGE_SIZE, pageToken };
      const { items, nextPageToken } = await client.listDue(request, { signal });
      timers.arm(items);
      pageToken = nextPageToken;
    } while (pageToken !== "" && !timers.isTruncated);
  }
}

/** Ends only by failing. */
async function takeNotices(watch: AsyncIterable<WatchDueResponse>, timers: DueTimers): Promise<never> {
  for await (const { items } of watch) timers.arm(items);
  throw notReady("The run-store ended the watch.");
}

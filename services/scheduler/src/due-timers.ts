import { type Clock, type Logger, type Timer as ClockTimer } from "@windlass/chassis";
import { type ApplyDueResponse, type DueItem, ErrorReason } from "@windlass/proto";
import { asCallFailure, backoffMs, type CallFailure } from "@windlass/proto/grpc";
import { dueKey } from "./due-key.ts";
import type { SchedulerMetrics } from "./metrics.ts";
import { type Timer, TimerHeap } from "./timer-heap.ts";

/** The run-store takes no more in one call. */
const MAX_BATCH = 1_000;
/** How long an item rests that the run-store cannot apply even alone, so that it does not hold up the others. */
const SET_ASIDE_MS = 60_000;

export interface DueTimersOptions {
  /** Tells the run-store that the moment of these items has come. Called once at a time. */
  readonly applyDue: (items: DueItem[], signal: AbortSignal) => Promise<ApplyDueResponse>;
  /** Timers kept at most; the soonest of them stay. */
  readonly maxTimers: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SchedulerMetrics;
}

/**
 * Fires what is due: one timer of the clock, for the soonest item; one call in flight, while the next batch gathers.
 *
 * The database's clock decides what is due. Here the wait is measured on the monotonic clock, and whatever fires too early
 * comes back as postponed. Nothing here is the only copy of a due time: a crash costs a new listing (I1).
 */
export class DueTimers {
  readonly #options: DueTimersOptions;
  readonly #heap = new TimerHeap<DueItem>();
  readonly #stopping = new AbortController();
  #alarm: { readonly dueMs: number; readonly timer: ClockTimer } | undefined;
  #applying: Promise<void> | undefined;
  #batchSize = MAX_BATCH;
  #isTruncated = false;
  #onLow: () => void = () => undefined;

  constructor(options: DueTimersOptions) {
    this.#options = options;
  }

  /** How many timers are armed. */
  get size(): number {
    return this.#heap.size;
  }

  /** Whether timers were let go since {@link beginListing}: there is more than is armed. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /**
   * Everything due is about to be armed again. `onLow` is called if timers have to be let go all the same, and then most
   * of those kept have fired: time for the next listing.
   */
  beginListing(onLow: () => void): void {
    this.#isTruncated = false;
    this.#onLow = onLow;
  }

  /** Arms a timer for each item, `dueInMs` from now. An item of an unknown kind is for a newer scheduler: it is left alone. */
  arm(items: readonly DueItem[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const item of items) {
      const key = dueKey(item);
      if (key !== undefined) this.#heap.arm(key, nowMs + Number(item.dueInMs), item);
    }
    const { maxTimers } = this.#options;
    if (this.#heap.size > maxTimers) {
      this.#heap.keepSoonest(maxTimers / 2);
      this.#isTruncated = true;
    }
    this.#setAlarm();
  }

  /** Fires nothing more. Resolves when the call in flight has ended, which it does at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#alarm?.timer.cancel();
    await this.#applying;
  }

  #setAlarm(): void {
    const dueMs = this.#heap.soonestMs;
    if (dueMs === undefined || this.#applying !== undefined || this.#stopping.signal.aborted) return;
    if (this.#alarm !== undefined) {
      if (this.#alarm.dueMs <= dueMs) return;
      this.#alarm.timer.cancel();
    }
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => this.#fire(), dueMs - clock.monotonicMs());
    this.#alarm = { dueMs, timer };
  }

  #fire(): void {
    this.#alarm = undefined;
    this.#applying = this.#applyDue().finally(() => {
      this.#applying = undefined;
      this.#setAlarm();
    });
  }

  /** Applies batch after batch until nothing is due. */
  async #applyDue(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const batch = this.#heap.popDue(clock.monotonicMs(), this.#batchSize);
      if (batch.length === 0) break;
      const failure = await this.#applyBatch(batch, signal);
      if (failure === undefined) {
        failures = 0;
        this.#listIfLow();
      } else if (!signal.aborted) {
        failures += 1;
        await clock.sleep(backoffMs(failures), signal).catch(() => undefined);
      }
    }
  }

  async #applyBatch(batch: Timer<DueItem>[], signal: AbortSignal): Promise<CallFailure | undefined> {
    const { applyDue, clock, metrics } = this.#options;
    try {
      const { postponed } = await applyDue(
        batch.map(({ item }) => item),
        signal,
      );
      const nowMs = clock.monotonicMs();
      for (const { dueMs } of batch) metrics.applied(nowMs - dueMs);
      this.#batchSize = Math.min(MAX_BATCH, this.#batchSize * 2);
      this.arm(postponed);
      return undefined;
    } catch (error) {
      const failure = asCallFailure(error);
      this.#takeBack(batch, failure);
      return failure;
    }
  }

  /** The call failed, so nothing says what was applied; applying twice is harmless. A smaller batch finds the item at fault, if one is. */
  #takeBack(batch: Timer<DueItem>[], failure: CallFailure): void {
    const { clock, logger } = this.#options;
    const isAtFault = batch.length === 1 && cannotSucceed(failure);
    for (const { key, dueMs, item } of batch) {
      this.#heap.arm(key, isAtFault ? clock.monotonicMs() + SET_ASIDE_MS : dueMs, item);
      if (isAtFault) logger.error("a due item cannot be applied", { item: key, retryMs: SET_ASIDE_MS, error: failure });
    }
    this.#batchSize = Math.max(1, batch.length >> 1);
  }

  #listIfLow(): void {
    if (!this.#isTruncated || this.#heap.size > this.#options.maxTimers / 4) return;
    this.#isTruncated = false;
    this.#onLow();
  }
}

/** Whether the run-store refuses what it is told, rather than being unable to act just now. */
function cannotSucceed({ reason }: CallFailure): boolean {
  return reason === ErrorReason.FIELD_INVALID || reason === ErrorReason.INTERNAL;
}

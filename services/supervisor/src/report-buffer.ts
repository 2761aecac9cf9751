import type { Clock } from "@windlass/chassis";
import type {
  FinishAttempt,
  LeaseRef,
  ResumeAttempt,
  RunEvent,
  RunUpdate,
  SuspendAttempt,
  WorkReport,
} from "@windlass/proto";
import { mergeUpdates, updateBytes } from "./run-update.ts";
import { runErrorBytes } from "./worker-limits.ts";

/** Limits of one report, and how long progress may wait for company. */
export interface ReportLimits {
  /** Of all kinds of items together; the run-store takes no more than 1,000. */
  readonly maxItems: number;
  /** A report is closed before the item that would make it larger, unless that is its only one. */
  readonly maxBytes: number;
  /** Timeline entries of one attempt beyond this go ahead of its finish, so that a finish stays below 16 MB. */
  readonly maxEventBytes: number;
  /** Progress alone is held this long, so that it travels with the attempt's end (adr/0002). */
  readonly holdMs: number;
}

export const defaultReportLimits: ReportLimits = {
  maxItems: 1_000,
  maxBytes: 4 * 1024 * 1024,
  maxEventBytes: 1024 * 1024,
  holdMs: 50,
};

/** What is still to be said of one lease. Only the buffer changes it. */
export interface ReportEntry {
  readonly ref: LeaseRef;
  events: RunEvent[];
  eventSizes: number[];
  eventBytes: number;
  finish: FinishAttempt | undefined;
  finishBytes: number;
  isReleased: boolean;
  suspend: SuspendAttempt | undefined;
  resume: ResumeAttempt | undefined;
  /** What the task said of its run and is not on its way yet. */
  update: RunUpdate | undefined;
  /** At most one item of a lease is unanswered, so that its finish cannot overtake its progress. */
  isInFlight: boolean;
  isReady: boolean;
  /** When its held progress must go; undefined while none is held. */
  dueMs: number | undefined;
  isForgotten: boolean;
}

/** A report on its way, and the entries it speaks of. */
export interface TakenReport {
  readonly work: WorkReport;
  readonly entries: readonly ReportEntry[];
  readonly sizeBytes: number;
}

/** Gathers what is to be reported into as few messages as the moment allows. No I/O. */
export interface ReportBuffer {
  open(ref: LeaseRef): ReportEntry;
  addEvent(entry: ReportEntry, event: RunEvent, sizeBytes: number, isUrgent: boolean): void;
  /** The task described its run anew; travels with what else is said, or alone after a moment. */
  describe(entry: ReportEntry, update: RunUpdate): void;
  suspend(entry: ReportEntry, suspend: SuspendAttempt): void;
  resume(entry: ReportEntry, resume: ResumeAttempt): void;
  /** The attempt goes on under another lease: what was not said under the old one is said under the new one. */
  succeed(entry: ReportEntry, ref: LeaseRef): ReportEntry;
  /** The last thing said of a lease, once. */
  finish(entry: ReportEntry, finish: FinishAttempt): void;
  /** The last thing said of a lease, once. */
  release(entry: ReportEntry): void;
  /** Says nothing more of a lease that is no longer ours. */
  forget(entry: ReportEntry): void;
  /** Makes ready the progress that has been held long enough. */
  flushHeld(): void;
  /** Makes ready all that is held. */
  flush(): void;
  /** The next report; undefined when nothing is ready. `answered` must follow once it has been answered. */
  take(): TakenReport | undefined;
  answered(report: TakenReport): void;
  /** Something is ready to be taken. */
  readonly isReady: boolean;
  /** Nothing is held, ready or unanswered. */
  readonly isEmpty: boolean;
  /** Bytes held, ready and unanswered. */
  readonly sizeBytes: number;
}

export function createReportBuffer(
  clock: Pick<Clock, "monotonicMs">,
  limits: ReportLimits = defaultReportLimits,
): ReportBuffer {
  let ready: ReportEntry[] = [];
  let held: ReportEntry[] = [];
  let sizeBytes = 0;
  let unanswered = 0;

  function makeReady(entry: ReportEntry): void {
    entry.dueMs = undefined;
    if (entry.isReady || entry.isInFlight || entry.isForgotten) return;
    entry.isReady = true;
    ready.push(entry);
  }

  function flushUntil(dueMs: number): void {
    const still: ReportEntry[] = [];
    for (const entry of held) {
      if (entry.dueMs === undefined) continue;
      if (entry.dueMs <= dueMs) makeReady(entry);
      else still.push(entry);
    }
    held = still;
  }

  function hasMore(entry: ReportEntry): boolean {
    if (entry.events.length > 0 || entry.finish !== undefined || entry.isReleased) return true;
    return entry.update !== undefined || entry.suspend !== undefined || entry.resume !== undefined;
  }

  function hold(entry: ReportEntry): void {
    if (entry.dueMs !== undefined || entry.isReady) return;
    entry.dueMs = clock.monotonicMs() + limits.holdMs;
    held.push(entry);
  }

  function open(ref: LeaseRef): ReportEntry {
    return {
      ref,
      events: [],
      eventSizes: [],
      eventBytes: 0,
      finish: undefined,
      finishBytes: 0,
      isReleased: false,
      suspend: undefined,
      resume: undefined,
      update: undefined,
      isInFlight: false,
      isReady: false,
      dueMs: undefined,
      isForgotten: false,
    };
  }

  function forget(entry: ReportEntry): void {
    if (entry.isForgotten) return;
    entry.isForgotten = true;
    sizeBytes -= entry.eventBytes + entry.finishBytes + updateBytes(entry.update);
    clear(entry);
  }

  return {
    open,

    addEvent(entry, event, eventSize, isUrgent) {
      if (entry.isForgotten) return;
      entry.events.push(event);
      entry.eventSizes.push(eventSize);
      entry.eventBytes += eventSize;
      sizeBytes += eventSize;
      if (isUrgent || entry.eventBytes >= limits.maxEventBytes) makeReady(entry);
      else hold(entry);
    },

    describe(entry, update) {
      if (entry.isForgotten) return;
      sizeBytes -= updateBytes(entry.update);
      entry.update = mergeUpdates(entry.update, update);
      sizeBytes += updateBytes(entry.update);
      hold(entry);
    },

    suspend(entry, suspend) {
      if (entry.isForgotten) return;
      entry.suspend = suspend;
      makeReady(entry);
    },

    resume(entry, resume) {
      if (entry.isForgotten) return;
      entry.resume = resume;
      makeReady(entry);
    },

    succeed(entry, ref) {
      const { events, eventSizes, eventBytes, update } = entry;
      const successor = { ...open(ref), events, eventSizes, eventBytes, update };
      sizeBytes += eventBytes + updateBytes(update);
      forget(entry);
      if (hasMore(successor)) hold(successor);
      return successor;
    },

    finish(entry, finish) {
      if (entry.isForgotten) return;
      entry.finish = finish;
      entry.finishBytes = finishBytes(finish);
      // An end says more than that it waited, or waits no longer.
      entry.suspend = undefined;
      entry.resume = undefined;
      sizeBytes += entry.finishBytes;
      makeReady(entry);
    },

    release(entry) {
      entry.isReleased = true;
      makeReady(entry);
    },

    forget,

    flushHeld: () => flushUntil(clock.monotonicMs()),
    flush: () => flushUntil(Number.POSITIVE_INFINITY),

    take() {
      const report = {
        $typeName: "windlass.internal.v1.WorkReport",
        progress: [],
        finished: [],
        released: [],
        suspended: [],
        resumed: [],
      } satisfies WorkReport as WorkReport;
      const entries: ReportEntry[] = [];
      let takenBytes = 0;
      let next = 0;
      for (; next < ready.length && entries.length < limits.maxItems; next += 1) {
        const entry = ready[next];
        if (entry === undefined || entry.isForgotten) continue;
        const isWhole = entry.eventBytes <= limits.maxEventBytes;
        const isFinish = entry.finish !== undefined && isWhole;
        // Neither a suspend nor a resume can carry an update, nor a resume an event: those go ahead of them.
        const isSuspend = entry.suspend !== undefined && isWhole && entry.update === undefined;
        const isResume = entry.resume !== undefined && entry.events.length === 0 && entry.update === undefined;
        const count = isFinish || isSuspend ? entry.events.length : countWithin(entry.eventSizes, limits.maxEventBytes);
        const eventBytes = count === entry.events.length ? entry.eventBytes : sum(entry.eventSizes, count);
        const itemBytes = eventBytes + (isFinish ? entry.finishBytes : 0) + updateBytes(entry.update);
        if (entries.length > 0 && takenBytes + itemBytes > limits.maxBytes) break;

        const events = takeEvents(entry, count, eventBytes);
        const { update } = entry;
        if (isFinish && entry.finish !== undefined) {
          entry.finish.events = events;
          if (update !== undefined) entry.finish.update = update;
          report.finished.push(entry.finish);
          entry.finish = undefined;
          entry.finishBytes = 0;
        } else if (entry.isReleased) {
          report.released.push(entry.ref);
          entry.isReleased = false;
        } else if (isSuspend && entry.suspend !== undefined) {
          entry.suspend.events = events;
          report.suspended.push(entry.suspend);
          entry.suspend = undefined;
        } else if (isResume && entry.resume !== undefined) {
          report.resumed.push(entry.resume);
          entry.resume = undefined;
        } else {
          const { ref } = entry;
          report.progress.push({
            $typeName: "windlass.internal.v1.AttemptProgress",
            ref,
            events,
            ...(update !== undefined && { update }),
          });
        }
        entry.update = undefined;
        entry.isReady = false;
        entry.isInFlight = true;
        entries.push(entry);
        takenBytes += itemBytes;
      }
      ready = next === ready.length ? [] : ready.slice(next);
      if (entries.length === 0) return undefined;
      unanswered += 1;
      return { work: report, entries, sizeBytes: takenBytes };
    },

    answered(report) {
      unanswered -= 1;
      sizeBytes -= report.sizeBytes;
      for (const entry of report.entries) {
        entry.isInFlight = false;
        if (hasMore(entry)) makeReady(entry);
      }
    },

    get isReady() {
      return ready.length > 0;
    },
    get isEmpty() {
      return ready.length === 0 && unanswered === 0 && held.every((entry) => entry.dueMs === undefined);
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

function takeEvents(entry: ReportEntry, count: number, takenBytes: number): RunEvent[] {
  const events = entry.events;
  if (count === events.length) {
    clearEvents(entry);
    return events;
  }
  entry.events = events.slice(count);
  entry.eventSizes = entry.eventSizes.slice(count);
  entry.eventBytes -= takenBytes;
  return events.slice(0, count);
}

function clearEvents(entry: ReportEntry): void {
  entry.events = [];
  entry.eventSizes = [];
  entry.eventBytes = 0;
}

function clear(entry: ReportEntry): void {
  clearEvents(entry);
  entry.finish = undefined;
  entry.finishBytes = 0;
  entry.isReleased = false;
  entry.suspend = undefined;
  entry.resume = undefined;
  entry.update = undefined;
  entry.dueMs = undefined;
}

/** How many of the first events stay within the limit together; at least one. */
function countWithin(sizes: readonly number[], limit: number): number {
  let bytes = 0;
  let count = 0;
  for (const size of sizes) {
    bytes += size;
    if (count > 0 && bytes > limit) break;
    count += 1;
  }
  return count;
}

function sum(sizes: readonly number[], count: number): number {
  let bytes = 0;
  for (let index = 0; index < count; index += 1) bytes += sizes[index] ?? 0;
  return bytes;
}

/** An upper estimate of a finish's encoded size without its events. Hooks are encoded in it again. */
function finishBytes(finish: FinishAttempt): number {
  let bytes = 256 + (finish.output?.data.byteLength ?? 0);
  if (finish.error !== undefined) bytes += runErrorBytes(finish.error);
  for (const hook of finish.hooks) bytes += 192 + (hook.error === undefined ? 0 : runErrorBytes(hook.error));
  return bytes;
}

import { createBatcher, type Postgres } from "@windlass/chassis";
import { type CallFailure, fieldInvalid } from "@windlass/proto/grpc";
import { byRunKey } from "../run-order.ts";
import { splitBatch } from "../split-batch.ts";
import { findSettledReports } from "../store/find-settled-reports.ts";
import { deleteRunWaits } from "../store/run-waits.ts";
import { endAttempts, isEnd } from "../store/end-attempts.ts";
import { type ReportedRow, reportWork, type WorkItem } from "../store/report-work.ts";
import { type AfterReportOptions, type StoredReport, tellReports } from "./after-report.ts";
import { findDeadlocks } from "./find-deadlocks.ts";
import type { Lease } from "./lease.ts";
import type { ReportItem } from "./report-item.ts";
import { decideWork } from "./work-items.ts";

/** Items of one message: stored together or not at all. At most one for each lease. */
export interface WorkMessage {
  readonly items: readonly ReportItem[];
  /** About what they hold. */
  readonly bytes: number;
}

/** What was not stored of a message. */
export interface Reported {
  readonly lost: readonly Lease[];
  /** Waits that would never end, with the runs that wait for each other: from the first that the wait is for to the last, which waits for the lease's own. */
  readonly deadlocks: readonly { readonly lease: Lease; readonly runIds: readonly string[] }[];
}

export interface WorkReporter {
  /**
   * Stores what a supervisor says of its leases, but for what it says of leases that were not its own any more (LEASE_LOST; a late duplicate of what is already stored is not
   * among them, I2), and for waits that would never end. Throws FIELD_INVALID when something in it cannot be stored, and NOT_READY and OVERLOADED; then say it again.
   */
  report(message: WorkMessage): Promise<Reported>;
  drain(): Promise<void>;
}

export interface WorkReporterOptions extends AfterReportOptions {
  readonly postgres: Postgres;
  /** Whether statements write an outbox row. */
  readonly hasOutbox: boolean;
  /** 0 up to 1, for the jitter of retries. */
  readonly random: () => number;
}

/** An item counts as so many bytes beside what it holds, so that a batch is at most 1,000 items and at most 16 MB, but for one message larger than that. */
const ITEM_BYTES = 16 * 1024;
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

/** Gathers the messages of all supervisors that wait at one moment into one statement. Messages about one lease are handled one after the other, in the order they came. */
export function createWorkReporter(options: WorkReporterOptions): WorkReporter {
  const busyLeases = new Map<string, Promise<unknown>>();

  const batcher = createBatcher<WorkMessage, Reported | Error>({
    name: "work reports",
    weigh: (message) => message.bytes + message.items.length * ITEM_BYTES,
    maxBatchBytes: MAX_BATCH_BYTES,
    run: (messages) =>
      splitBatch<WorkMessage, Reported | Error>(messages, (part) => storeMessages(options, part), cannotBeStored),
  });

  const report = async (message: WorkMessage): Promise<Reported> => {
    const tokens = message.items.map((item) => item.lease.leaseToken);
    for (let busy = busyAmong(tokens); busy !== undefined; busy = busyAmong(tokens)) await Promise.allSettled([busy]);
    const stored = batcher.submit(message);
    for (const token of tokens) busyLeases.set(token, stored);
    try {
      const result = await stored;
      if (result instanceof Error) throw result;
      return result;
    } finally {
      for (const token of tokens) busyLeases.delete(token);
    }
  };

  const busyAmong = (tokens: readonly string[]): Promise<unknown> | undefined => {
    if (busyLeases.size === 0) return undefined;
    const token = tokens.find((each) => busyLeases.has(each));
    return token === undefined ? undefined : busyLeases.get(token);
  };

  return { report, drain: () => batcher.drain() };
}

async function storeMessages(options: WorkReporterOptions, messages: readonly WorkMessage[]): Promise<Reported[]> {
  const { postgres, hasOutbox, metrics, random } = options;
  const startMs = Date.now();
  const said = messages.flatMap((message) => message.items).toSorted((a, b) => byRunKey(a.lease, b.lease));
  metrics.batch("report", said.length);
  const deadlocks = await findDeadlocks(postgres, said);
  const items = deadlocks.size === 0 ? said : said.flatMap((item) => (deadlocks.has(item) ? entriesOf(item) : [item]));
  const work = await decideWork(postgres, items, random);
  const rows = await storeWork(postgres, work, hasOutbox);
  const stored = new Map<ReportItem, StoredReport>();
  for (const row of rows) {
    const item = items[row.position - 1];
    const retryDelayMs = work[row.position - 1]?.retryDelayMs ?? null;
    if (item !== undefined) stored.set(item, { item, row, retryDelayMs });
  }
  tellReports(options, Array.from(stored.values()), startMs);
  const resumed = items.filter((item) => item.kind === "resume" && stored.has(item));
  if (resumed.length > 0)
    await deleteRunWaits(
      postgres,
      resumed.map((item) => item.lease),
    );
  const lost = await findLost(
    options,
    items.filter((item) => !stored.has(item)),
  );
  return messages.map((message) => ({
    lost: message.items.filter((item) => lost.has(item)).map((item) => item.lease),
    deadlocks: message.items.flatMap((item) => {
      const runIds = deadlocks.get(item);
      return runIds === undefined ? [] : [{ lease: item.lease, runIds }];
    }),
  }));
}

function storeWork(postgres: Postgres, work: readonly WorkItem[], hasOutbox: boolean): Promise<ReportedRow[]> {
  if (work.length === 0) return Promise.resolve([]);
  return work.every(isEnd) ? endAttempts(postgres, work, hasOutbox) : reportWork(postgres, work, hasOutbox);
}

/** What is to be stored of a suspension that must not be: its timeline entries, if it has any. */
function entriesOf(item: ReportItem): ReportItem[] {
  if (item.kind !== "suspend" || (item.events.length === 0 && item.update === undefined)) return [];
  return [{ kind: "progress", lease: item.lease, events: item.events, update: item.update }];
}

/** In a statement of its own, after the first: the same report may have been committed after that one's snapshot. */
async function findLost({ postgres }: WorkReporterOptions, unapplied: readonly ReportItem[]): Promise<Set<ReportItem>> {
  if (unapplied.length === 0) return new Set();
  const settled = await findSettledReports(
    postgres,
    unapplied.map((item) => ({ ...item.lease, waitId: waitOf(item), end: item.kind === "finish" ? item : null })),
  );
  return new Set(unapplied.filter((_, index) => !settled.has(index + 1)));
}

function waitOf(item: ReportItem): string | null {
  if (item.kind === "suspend") return item.wait.id;
  return item.kind === "resume" ? item.waitId : null;
}

function cannotBeStored(_message: WorkMessage, error: Error): CallFailure {
  return fieldInvalid({ field: "work", description: `cannot be stored: ${error.message}.` });
}

import type { Queryable } from "@windlass/chassis";
import { runKey } from "../feed/feed.ts";
import {
  type BatchWait,
  deleteRunWaits,
  insertBatchWaits,
  insertRunWaits,
  type RunWait,
  selectRunWaits,
} from "../store/run-waits.ts";
import type { RunRef } from "../store/find-runs.ts";
import type { ReportItem, SuspendItem } from "./report-item.ts";

/** Runs looked at for one batch of reports: a family that is larger is not searched to its end (I10). */
const MAX_EDGES = 10_000;
const MAX_DEPTH = 100;

/**
 * Finds suspensions after which runs would wait for each other for ever, with the runs of the circle: from the first that the wait is for to the last, which waits for the
 * suspended one. What a run wants to wait for is committed before it is looked for, so that of two runs that begin to wait for each other at the same moment at least one is
 * found. A crash in between leaves rows that say nothing once their lease is over.
 */
export async function findDeadlocks(
  db: Queryable,
  items: readonly ReportItem[],
): Promise<ReadonlyMap<ReportItem, string[]>> {
  const suspensions = items.filter((item) => item.kind === "suspend").filter(isForRuns);
  if (suspensions.length === 0) return NONE;
  const waits = suspensions.flatMap(waitsOf);
  const batchWaits = suspensions.flatMap(batchWaitsOf);
  if (waits.length > 0) await insertRunWaits(db, waits);
  if (batchWaits.length > 0) await insertBatchWaits(db, batchWaits);
  const graph = await readGraph(db, suspensions);
  const deadlocks = new Map<ReportItem, string[]>();
  for (const item of suspensions) {
    const circle = findCircle(graph, item);
    if (circle !== undefined) deadlocks.set(item, circle);
  }
  if (deadlocks.size > 0) {
    const refused = suspensions.filter((item) => deadlocks.has(item));
    await deleteRunWaits(
      db,
      refused.map((item) => item.lease),
    );
  }
  return deadlocks;
}

const NONE: ReadonlyMap<ReportItem, string[]> = new Map();

function isForRuns({ wait: { kind } }: SuspendItem): boolean {
  return kind.case === "runId" || kind.case === "batch";
}

/** Those that are named one by one. */
function awaitedRuns({ wait: { kind } }: SuspendItem): readonly string[] {
  if (kind.case === "runId") return [kind.value];
  return kind.case === "batch" ? kind.value.runIds : [];
}

function waitsOf(item: SuspendItem): RunWait[] {
  const { environmentId, runId, leaseToken } = item.lease;
  const waitId = item.wait.id;
  return awaitedRuns(item).map((awaitedRunId) => ({ environmentId, runId, awaitedRunId, leaseToken, waitId }));
}

function batchWaitsOf({ lease, wait: { id: waitId, kind } }: SuspendItem): BatchWait[] {
  if (kind.case !== "batch") return [];
  const { environmentId, runId, leaseToken } = lease;
  return [{ environmentId, runId, batchId: kind.value.batchId, leaseToken, waitId }];
}

/** What each run waits for, by `runKey`, as far as it can be reached from these suspensions; of a batch only the runs that wait themselves. */
async function readGraph(db: Queryable, suspensions: readonly SuspendItem[]): Promise<Map<string, string[]>> {
  const graph = new Map<string, string[]>();
  let runs: RunRef[] = suspensions.map(({ lease: { environmentId, runId } }) => ({ environmentId, runId }));
  const seen = new Set(runs.map(({ environmentId, runId }) => runKey(environmentId, runId)));
  let count = 0;
  for (let depth = 0; depth < MAX_DEPTH && runs.length > 0 && count < MAX_EDGES; depth += 1) {
    const edges = await selectRunWaits(db, runs, MAX_EDGES - count);
    count += edges.length;
    runs = [];
    for (const { environmentId, runId, awaitedRunId } of edges) {
      const from = graph.get(runKey(environmentId, runId));
      if (from === undefined) graph.set(runKey(environmentId, runId), [awaitedRunId]);
      else from.push(awaitedRunId);
      const key = runKey(environmentId, awaitedRunId);
      if (seen.has(key)) continue;
      seen.add(key);
      runs.push({ environmentId, runId: awaitedRunId });
    }
  }
  return graph;
}

/** The shortest way from what a suspension waits for back to its own run. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>, item: SuspendItem): string[] | undefined {
  const { environmentId, runId } = item.lease;
  const awaited = graph.get(runKey(environmentId, runId)) ?? [];
  const cameFrom = new Map<string, string | undefined>(awaited.map((id) => [id, undefined]));
  for (const id of cameFrom.keys()) {
    if (id === runId) return circleTo(cameFrom, id);
    for (const next of graph.get(runKey(environmentId, id)) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, id);
  }
  return undefined;
}

/** The way that led to a run, without itself; a run that waits for itself is the whole circle. */
function circleTo(cameFrom: ReadonlyMap<string, string | undefined>, runId: string): string[] {
  const way: string[] = [];
  for (let id = cameFrom.get(runId); id !== undefined; id = cameFrom.get(id)) way.unshift(id);
  return way.length === 0 ? [runId] : way;
}

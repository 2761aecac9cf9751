import { type Logger, recordSpan, type Telemetry } from "@windlass/chassis";
import type { DueItem, FreedSlot, QueuedRun, Run } from "@windlass/proto";
import type { AnnounceChanges } from "../announce-changes.ts";
import { dueRun } from "../conversions/due-item.ts";
import { optionalTimestamp, timestampFromMicroseconds } from "../conversions/moments.ts";
import { queuedRunToProto } from "../conversions/queued-run.ts";
import type { DeploymentCache } from "../deployments/deployment-cache.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import type { RunMetrics } from "../run-metrics.ts";
import { isTerminal, runStatusToProto } from "../run-state.ts";
import type { ReportedRow } from "../store/report-work.ts";
import type { Lease } from "./lease.ts";
import type { ReportItem } from "./report-item.ts";

export interface AfterReportOptions {
  readonly feed: Feed;
  readonly announce: AnnounceChanges;
  readonly queueNews: QueueAnnouncer;
  readonly deployments: DeploymentCache;
  readonly metrics: RunMetrics;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
}

/** A report that was stored, and its run as it left it. */
export interface StoredReport {
  readonly item: ReportItem;
  readonly row: ReportedRow;
  readonly retryDelayMs: number | null;
}

/** Tells everyone concerned what a committed report did. `startMs`: when its storing began, for traces. */
export function tellReports(options: AfterReportOptions, reports: readonly StoredReport[], startMs: number): void {
  const [first] = reports;
  if (first === undefined) return;
  const { feed, announce, queueNews, metrics } = options;
  const queued: QueuedRun[] = [];
  const due: DueItem[] = [];
  const freed: FreedSlot[] = [];
  for (const report of reports) {
    const { item, row, retryDelayMs } = report;
    const { environmentId, runId } = item.lease;
    if (item.kind === "finish") {
      metrics.finished(row.status);
      recordFinish(options.telemetry, report, startMs);
    }
    if (item.kind === "progress") continue;
    if (freesSlot(report)) freed.push(freedSlot(item.lease));
    if (row.status === "QUEUED") queued.push(queuedRunToProto({ ...row, environment_id: environmentId, id: runId }));
    else if (row.status === "RETRYING") due.push(dueRun(environmentId, runId, retryDelayMs ?? 0));
    else if (isTerminal(row.status)) tellEnd(options, report);
  }
  // Before the runs that may take them.
  if (freed.length > 0) queueNews.freed(freed);
  feed.queued.publish(queued);
  feed.due.publish(due);
  announce(
    first.row.outbox_id,
    reports.map(({ item, row }) => ({
      environmentId: item.lease.environmentId,
      runId: item.lease.runId,
      taskId: row.task_id,
      status: row.status,
      revision: row.revision,
      eventSeq: row.event_seq,
    })),
  );
}

/** Whether the lease of the report holds no slot any more: a resumption held none before, a suspension that met a cancel still does. */
function freesSlot({ item, row }: StoredReport): boolean {
  return item.kind === "suspend" ? row.status === "WAITING" : item.kind !== "resume";
}

function freedSlot({ environmentId, runId, leaseToken }: Lease): FreedSlot {
  return { $typeName: "windlass.internal.v1.FreedSlot", environmentId, runId, leaseToken };
}

function tellEnd({ feed, deployments, logger }: AfterReportOptions, report: StoredReport): void {
  const { environmentId, runId } = report.item.lease;
  const key = runKey(environmentId, runId);
  if (!feed.finished.has(key)) return;
  const { deployment_id: deploymentId } = report.row;
  if (deploymentId === null) {
    feed.finished.publish(key, endedRun(report, ""));
    return;
  }
  const facts = deployments.get(environmentId, deploymentId);
  if (!(facts instanceof Promise)) {
    feed.finished.publish(key, endedRun(report, facts.version));
    return;
  }
  facts.then(
    ({ version }) => feed.finished.publish(key, endedRun(report, version)),
    (error: unknown) => logger.warn("the end of a run is left to those who look by themselves", { runId, error }),
  );
}

/** The run with output and error, from what the report said: so that whoever waits for it needs no reading. */
function endedRun({ item, row }: StoredReport, version: string): Run {
  const { output, error } = item.kind === "finish" ? item : {};
  const hasOutput = row.status === "COMPLETED" || row.status === "CANCELED";
  return {
    $typeName: "windlass.v1.Run",
    id: item.lease.runId,
    taskId: row.task_id,
    status: runStatusToProto(row.status),
    revision: BigInt(row.revision),
    queue: row.queue,
    version,
    attemptNumber: row.attempt_number,
    maxAttempts: row.max_attempts,
    createTime: timestampFromMicroseconds(row.create_time_us),
    startTime: optionalTimestamp(row.start_time_us),
    finishTime: optionalTimestamp(row.finish_time_us),
    cancelRequestTime: optionalTimestamp(row.cancel_request_time_us),
    cancelReason: row.cancel_reason ?? "",
    output: hasOutput ? output : undefined,
    error,
    tags: row.tags,
    isTest: row.is_test,
    traceparent: row.traceparent,
    parentRunId: "",
    rootRunId: "",
    replayOfRunId: "",
    machine: "",
    scheduleId: "",
  };
}

function recordFinish(telemetry: Telemetry, { item, row }: StoredReport, startMs: number): void {
  if (!telemetry.enabled || row.traceparent === "") return;
  recordSpan(telemetry, {
    name: "run-store finish",
    parent: row.traceparent,
    startTime: startMs,
    endTime: Date.now(),
    attributes: {
      "windlass.run.id": item.lease.runId,
      "windlass.task.id": row.task_id,
      "windlass.run.status": row.status,
      "windlass.attempt": row.attempt_number,
    },
  });
}

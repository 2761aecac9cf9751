import type { Queryable } from "@windlass/chassis";
import { type Hold, HoldReason } from "@windlass/proto";
import { optionalTimestamp } from "../conversions/moments.ts";
import type { QueueStates } from "../queues/queue-states.ts";
import { selectRunWaits } from "../store/run-waits.ts";
import type { RunWithPayloadRow } from "../store/select-run.ts";

/** What finding out why a run does not execute works with. */
export interface ExplainHoldOptions {
  readonly db: Queryable;
  readonly queueStates: QueueStates;
}

/** Runs that a waiting one waits for, named in a sentence. */
const MAX_NAMED = 3;

/**
 * Why a run does not execute: from the store's own facts, or, while it is QUEUED, as the queue service knows that owns its queue. Undefined when it executes or has ended, and when it
 * has just left the queue.
 */
export async function explainHold(
  options: ExplainHoldOptions,
  environmentId: string,
  row: RunWithPayloadRow,
): Promise<Hold | undefined> {
  switch (row.status) {
    case "DELAYED":
      return hold(HoldReason.DELAYED, `It starts at ${iso(row.due_time_us)}.`, row.due_time_us);
    case "RETRYING":
      return hold(
        HoldReason.RETRYING,
        `Attempt ${row.attempt_number} failed; attempt ${row.attempt_number + 1} begins at ${iso(row.due_time_us)}.`,
        row.due_time_us,
      );
    case "PENDING_VERSION":
      return hold(
        HoldReason.VERSION_MISSING,
        `The current deployment of its environment has no task called ${JSON.stringify(row.task_id)}; the run is queued as soon as one has.`,
      );
    case "WAITING":
      return hold(HoldReason.WAITING, await describeWait(options.db, environmentId, row.id));
    case "QUEUED":
      return explainQueued(options, environmentId, row.id);
    case "EXECUTING":
    case "CANCELING":
    case "COMPLETED":
    case "FAILED":
    case "CRASHED":
    case "SYSTEM_FAILURE":
    case "TIMED_OUT":
    case "CANCELED":
    case "EXPIRED":
      return undefined;
  }
}

async function explainQueued(
  { queueStates }: ExplainHoldOptions,
  environmentId: string,
  runId: string,
): Promise<Hold | undefined> {
  const explained = await queueStates.explain(environmentId, runId);
  if (explained !== undefined) return explained.hold;
  return hold(
    HoldReason.QUEUE_SERVICE_DOWN,
    "The queue service that owns its queue cannot be reached; another one takes its queue over within seconds of its end.",
  );
}

async function describeWait(db: Queryable, environmentId: string, runId: string): Promise<string> {
  const waits = await selectRunWaits(db, [{ environmentId, runId }], MAX_NAMED + 1);
  if (waits.length === 0) return "It waits; its process is suspended.";
  const named = waits.slice(0, MAX_NAMED).map((wait) => wait.awaitedRunId);
  return `It waits for ${named.join(", ")}${waits.length > MAX_NAMED ? " and others" : ""}; its process is suspended.`;
}

function hold(reason: HoldReason, message: string, untilUs: number | null = null): Hold {
  const until = optionalTimestamp(untilUs);
  return { $typeName: "windlass.v1.Hold", reason, message, runIds: [], ...(until !== undefined && { until }) };
}

function iso(timeUs: number | null): string {
  return timeUs === null ? "a moment that is not known" : new Date(timeUs / 1_000).toISOString();
}

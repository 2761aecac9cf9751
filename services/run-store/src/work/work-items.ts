import { toBinary } from "@bufbuild/protobuf";
import type { Queryable } from "@windlass/chassis";
import {
  AttemptSchema,
  AttemptOutcome,
  RunErrorCode,
  RunErrorSchema,
  type RunEvent,
  WatchRunResponseSchema,
} from "@windlass/proto";
import { timestampFromMicroseconds } from "../conversions/moments.ts";
import { canBeRetried, decideAfterAttempt, DEFAULT_RETRY_POLICY, type RetryPolicy } from "../retry-policy.ts";
import { attemptOutcomeToProto, nextStatus, type RunTransition } from "../run-state.ts";
import type { EndedAttemptRow, WorkItem } from "../store/report-work.ts";
import { type RetryBoundsRow, selectRetryBounds } from "../store/select-retry-bounds.ts";
import type { FinishItem, ReportItem } from "./report-item.ts";

/**
 * Decides what each report does to its run. For attempts that may be repeated it first reads what bounds the next one; others need no reading. A lease that is not held any
 * more gets whatever: its token keeps the statement from applying it.
 */
export async function decideWork(
  db: Queryable,
  items: readonly ReportItem[],
  random: () => number,
): Promise<WorkItem[]> {
  const bounds = await readBounds(db, items);
  return items.map((item) => {
    switch (item.kind) {
      case "progress":
        return { ...NOTHING, ...item.lease, events: encodeEvents(item.events) };
      case "release":
        return { ...NOTHING, ...item.lease, next: afterTransition("release"), isUnstarted: true };
      case "finish":
        return finishWork(item, bounds.get(item), random);
    }
  });
}

const NOTHING = { next: null, retryDelayMs: null, isUnstarted: false, events: null, attempt: null } as const;

/** The two statuses in which a lease can be. */
function afterTransition(transition: RunTransition): WorkItem["next"] {
  const ifExecuting = nextStatus("EXECUTING", transition);
  const ifCanceling = nextStatus("CANCELING", transition);
  if (ifExecuting === undefined || ifCanceling === undefined)
    throw new Error(`a lease does not end by "${transition}"`);
  return { ifExecuting, ifCanceling };
}

async function readBounds(db: Queryable, items: readonly ReportItem[]): Promise<Map<ReportItem, RetryBoundsRow>> {
  const failed = items.filter((item) => item.kind === "finish" && canBeRetried(item.outcome));
  if (failed.length === 0) return new Map();
  const rows = await selectRetryBounds(
    db,
    failed.map((item) => item.lease),
  );
  const byItem = new Map<ReportItem, RetryBoundsRow>();
  for (const row of rows) {
    const item = failed[row.position - 1];
    if (item !== undefined) byItem.set(item, row);
  }
  return byItem;
}

function finishWork(item: FinishItem, bounds: RetryBoundsRow | undefined, random: () => number): WorkItem {
  const after = decideAfterAttempt(
    {
      outcome: item.outcome,
      errorCode: item.error?.code ?? RunErrorCode.UNSPECIFIED,
      decision: item.decision,
      number: bounds?.attempt_number ?? item.attemptNumber,
      maxAttempts: bounds?.max_attempts ?? 0,
      policy: retryPolicy(bounds),
    },
    random,
  );
  return {
    ...NOTHING,
    ...item.lease,
    next: afterTransition(after.transition),
    retryDelayMs: after.transition === "retry" ? after.delayMs : null,
    events: encodeEvents([...item.events, attemptEnded(item)]),
    attempt: attemptRow(item),
  };
}

function retryPolicy(bounds: RetryBoundsRow | undefined): RetryPolicy {
  if (bounds === undefined || bounds.retry_factor === null) return DEFAULT_RETRY_POLICY;
  return {
    factor: bounds.retry_factor,
    minTimeoutMs: bounds.retry_min_ms ?? 0,
    maxTimeoutMs: bounds.retry_max_ms ?? 0,
    randomize: bounds.retry_randomize ?? false,
  };
}

function attemptRow(item: FinishItem): EndedAttemptRow {
  const { outcome, startTimeUs, finishTimeUs, output, error, hooks } = item;
  return {
    outcome,
    startTimeUs,
    finishTimeUs,
    output: output?.data ?? null,
    outputType: output?.contentType ?? null,
    error: error === undefined ? null : toBinary(RunErrorSchema, error),
    hooks: hooks.length === 0 ? null : encodeHooks(hooks),
  };
}

function encodeHooks(hooks: FinishItem["hooks"]): Uint8Array {
  return toBinary(AttemptSchema, {
    $typeName: "windlass.v1.Attempt",
    number: 0,
    outcome: AttemptOutcome.UNSPECIFIED,
    hooks: [...hooks],
    supervisorId: "",
  });
}

function encodeEvents(events: readonly RunEvent[]): WorkItem["events"] {
  const encoded = toBinary(WatchRunResponseSchema, {
    $typeName: "windlass.v1.WatchRunResponse",
    events: [...events],
  });
  return { encoded, count: events.length };
}

/** The last entry of every attempt, but for the status that follows from it. */
function attemptEnded(item: FinishItem): RunEvent {
  return {
    $typeName: "windlass.v1.RunEvent",
    seq: 0n,
    time: timestampFromMicroseconds(item.finishTimeUs),
    body: {
      case: "attemptEnded",
      value: {
        $typeName: "windlass.v1.AttemptEnded",
        attemptNumber: item.attemptNumber,
        outcome: attemptOutcomeToProto(item.outcome),
        error: item.error,
      },
    },
  };
}

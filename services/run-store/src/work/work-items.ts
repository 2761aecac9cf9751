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
import { attemptOutcomeToProto, nextState, type RunTransition, statusOf } from "../run-state.ts";
import type { EndedAttemptRow, WorkItem } from "../store/report-work.ts";
import { type RetryBoundsRow, selectRetryBounds } from "../store/select-retry-bounds.ts";
import type { FinishItem, ReportItem, RunDescription } from "./report-item.ts";

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
        return {
          ...NOTHING,
          ...item.lease,
          ...described(item.update),
          kind: item.kind,
          events: encodeEvents(item.events),
        };
      case "suspend":
        return {
          ...NOTHING,
          ...item.lease,
          ...described(item.update),
          kind: item.kind,
          waitId: item.wait.id,
          events: encodeEvents(item.events),
        };
      case "resume":
        return { ...NOTHING, ...item.lease, kind: item.kind, waitId: item.waitId };
      case "release":
      case "withhold":
        return { ...NOTHING, ...item.lease, kind: item.kind };
      case "finish":
        return finishWork(item, bounds.get(item), random);
    }
  });
}

const NOTHING = {
  next: null,
  retryDelayMs: null,
  retryMachine: null,
  addsAttempt: false,
  waitId: null,
  events: null,
  metadata: null,
  addTags: null,
  attempt: null,
} as const;

function described(update: RunDescription | undefined): Pick<WorkItem, "metadata" | "addTags"> {
  const addTags = update?.addTags ?? [];
  return { metadata: update?.metadata ?? null, addTags: addTags.length === 0 ? null : addTags };
}

/** What an attempt's end makes of its run. That the other statuses in which a lease can be become the same as EXECUTING is a rule of the state machine. */
function afterEnd(transition: RunTransition): WorkItem["next"] {
  const ifExecuting = nextState("EXECUTING", transition);
  const ifCanceling = nextState("CANCELING", transition);
  if (ifExecuting === undefined || ifCanceling === undefined)
    throw new Error(`an attempt does not end by "${transition}"`);
  return { ifExecuting: statusOf(ifExecuting), ifCanceling: statusOf(ifCanceling) };
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
    ...described(item.update),
    kind: item.kind,
    next: afterEnd(after.transition),
    retryDelayMs: after.transition === "retry" ? after.delayMs : null,
    retryMachine: after.transition === "retry" ? (after.machine ?? null) : null,
    addsAttempt: after.transition === "retry" && after.addsAttempt,
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
    outOfMemoryMachine: bounds.retry_out_of_memory_machine,
    isDisabled: bounds.retry_is_disabled ?? false,
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
  if (events.length === 0) return null;
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

import type {
  AwaitRunsRequest,
  CancelRunRequest,
  GetRunRequest,
  ReplayRunRequest,
  RescheduleRunRequest,
  UpdateRunRequest,
  WatchRunRequest,
} from "@windlass/proto";
import { CallFailure, fieldInvalid, type Violation } from "@windlass/proto/grpc";
import { CANCEL_REASON, REQUEST_ID, STORE_ID } from "./field-rules.ts";
import { parseMetadata } from "./metadata.ts";
import { parsePayload, type StoredContent } from "./payload.ts";
import { parseStartTime } from "./run-options.ts";
import { parseTags } from "./tags.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

const MAX_AWAITED_PER_MESSAGE = 1000;

/** Checks GetRun. Throws FIELD_INVALID. */
export function parseGetRun(request: GetRunRequest): { runId: string } {
  const violations: Violation[] = [];
  const runId = parseText(request.runId, STORE_ID, "run_id", violations);
  throwIfInvalid(violations);
  return { runId };
}

/** Checks WatchRun. Throws FIELD_INVALID. */
export function parseWatchRun(request: WatchRunRequest): { runId: string; afterSeq: bigint } {
  const violations: Violation[] = [];
  const runId = parseText(request.runId, STORE_ID, "run_id", violations);
  if (request.afterSeq < 0n)
    violations.push({ field: "after_seq", description: `must be 0 or more; it is ${request.afterSeq}.` });
  throwIfInvalid(violations);
  return { runId, afterSeq: request.afterSeq };
}

/**
 * Checks a message of AwaitRuns: each item is an id, or the failure to answer that id with. Ids named twice are one.
 * Throws FIELD_INVALID for the whole message when it names no run or more than 1,000.
 */
export function parseAwaitRuns(request: AwaitRunsRequest): Map<string, CallFailure | undefined> {
  const count = request.runIds.length;
  if (count < 1 || count > MAX_AWAITED_PER_MESSAGE) {
    throw fieldInvalid({
      field: "run_ids",
      description: `must have 1 to ${MAX_AWAITED_PER_MESSAGE} items; it has ${count}.`,
    });
  }
  const failures = new Map<string, CallFailure | undefined>();
  for (const [index, runId] of request.runIds.entries()) {
    const violations: Violation[] = [];
    parseText(runId, STORE_ID, `run_ids[${index}]`, violations);
    failures.set(runId, violations.length === 0 ? undefined : fieldInvalid(...violations));
  }
  return failures;
}

/** Checks CancelRun. Throws FIELD_INVALID. */
export function parseCancelRun(request: CancelRunRequest): { runId: string; reason: string } {
  const violations: Violation[] = [];
  const runId = parseText(request.runId, STORE_ID, "run_id", violations);
  const reason = parseText(request.reason, CANCEL_REASON, "reason", violations);
  throwIfInvalid(violations);
  return { runId, reason };
}

/** Checks ReplayRun. Throws FIELD_INVALID. */
export function parseReplayRun(request: ReplayRunRequest): {
  runId: string;
  requestId: string;
  payload: StoredContent | undefined;
} {
  const violations: Violation[] = [];
  const runId = parseText(request.runId, STORE_ID, "run_id", violations);
  const requestId = parseText(request.requestId, REQUEST_ID, "request_id", violations);
  const payload = request.payload === undefined ? undefined : parsePayload(request.payload, "payload", violations);
  throwIfInvalid(violations);
  return { runId, requestId, payload };
}

/** Checks RescheduleRun. `nowUs` bounds the start time. Throws FIELD_INVALID. */
export function parseRescheduleRun(
  request: RescheduleRunRequest,
  nowUs: number,
): { runId: string; startTimeUs: number } {
  const violations: Violation[] = [];
  const runId = parseText(request.runId, STORE_ID, "run_id", violations);
  const startTimeUs = parseStartTime(request.startTime, "start_time", nowUs, violations);
  if (startTimeUs === undefined) violations.push({ field: "start_time", description: "must be set." });
  throwIfInvalid(violations);
  return { runId, startTimeUs: startTimeUs ?? 0 };
}

/** Checks UpdateRun. Throws FIELD_INVALID. */
export function parseUpdateRun(request: UpdateRunRequest): {
  runId: string;
  metadata: Uint8Array | null;
  addTags: string[];
} {
  const violations: Violation[] = [];
  const runId = parseText(request.runId, STORE_ID, "run_id", violations);
  const metadata = parseMetadata(request.metadata, "metadata", violations);
  const addTags = parseTags(request.addTags, "add_tags", violations);
  throwIfInvalid(violations);
  return { runId, metadata: metadata ?? null, addTags };
}

import { toBinary } from "@bufbuild/protobuf";
import {
  type Content,
  type FinishAttempt,
  type LeaseRef,
  type RetryDecision as RetryDecisionMessage,
  type RunError,
  RunErrorSchema,
  type RunEvent,
  type RunUpdate,
  type Wait,
  type WorkReport,
} from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { microsecondsFromTimestamp } from "../conversions/moments.ts";
import type { RetryDecision } from "../retry-policy.ts";
import { attemptOutcomeFromProto } from "../run-state.ts";
import type { Lease } from "../work/lease.ts";
import type { FinishItem, ReportItem, RunDescription } from "../work/report-item.ts";
import type { WorkMessage } from "../work/report-work.ts";
import { STORE_ID, WAIT_ID } from "./field-rules.ts";
import { isLeaseToken } from "./lease-token.ts";
import { quote } from "./quote.ts";
import { mergeUpdates, parseRunUpdate } from "./run-update.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** A checked report. */
export interface ParsedWorkReport {
  /** To be stored one after the other: a wait that began and is over goes in two. */
  readonly messages: WorkMessage[];
  /** References that cannot be anyone's lease. */
  readonly strangers: LeaseRef[];
}

const MAX_ITEMS = 1_000;
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
/** In the year 2255: beyond, a number does not hold every microsecond. */
const MAX_TIME_US = Number.MAX_SAFE_INTEGER;
const BYTES_PER_EVENT = 200;

/**
 * Checks a supervisor's report, and gathers what it says of one lease into one item, in order: progress goes ahead of the end. Throws FIELD_INVALID naming every field that
 * cannot be stored. Of several ends of one lease the first counts, and an end makes what its lease says of waits needless. `nowUs` stands in for a time that was left out.
 */
export function parseWorkReport(report: WorkReport, supervisorId: string, nowUs: number): ParsedWorkReport {
  const violations: Violation[] = [];
  const { progress: progressed, finished, released, suspended, resumed } = report;
  const count = progressed.length + finished.length + released.length + suspended.length + resumed.length;
  if (count < 1 || count > MAX_ITEMS) {
    violations.push({ field: "work", description: `must have 1 to ${MAX_ITEMS} items in all; it has ${count}.` });
    throwIfInvalid(violations);
  }
  const items = new Map<string, ReportItem>();
  const strangers: LeaseRef[] = [];

  const leaseOf = (ref: LeaseRef | undefined, field: string): Lease | undefined => {
    if (ref === undefined) violations.push({ field, description: "must be set." });
    else if (isLeaseRef(ref)) return { ...pickLease(ref), supervisorId };
    else strangers.push(ref);
    return undefined;
  };

  for (const [index, progress] of progressed.entries()) {
    const field = `work.progress[${index}]`;
    const lease = leaseOf(progress.ref, `${field}.ref`);
    if (lease === undefined) continue;
    const said = saidBefore(items.get(lease.leaseToken));
    const update = mergeUpdates(said.update, parseRunUpdate(progress.update, `${field}.update`, violations));
    const events = [...said.events, ...progress.events];
    if (events.length > 0 || update !== undefined)
      items.set(lease.leaseToken, { kind: "progress", lease, events, update });
  }
  for (const [index, suspend] of suspended.entries()) {
    const field = `work.suspended[${index}]`;
    const lease = leaseOf(suspend.ref, `${field}.ref`);
    const wait = parseWait(suspend.wait, `${field}.wait`, violations);
    if (lease === undefined || wait === undefined) continue;
    const before = items.get(lease.leaseToken);
    if (before?.kind === "suspend") continue;
    const { events, update } = saidBefore(before);
    items.set(lease.leaseToken, { kind: "suspend", lease, wait, events: [...events, ...suspend.events], update });
  }
  for (const [index, finish] of finished.entries()) {
    const field = `work.finished[${index}]`;
    const lease = leaseOf(finish.ref, `${field}.ref`);
    if (lease === undefined) continue;
    const before = items.get(lease.leaseToken);
    if (before?.kind === "finish") continue;
    const item = parseFinish(finish, { lease, said: saidBefore(before), field, nowUs, violations });
    if (item !== undefined) items.set(lease.leaseToken, item);
  }
  const resumedAfterwards: ReportItem[] = [];
  for (const [index, resume] of resumed.entries()) {
    const field = `work.resumed[${index}]`;
    const lease = leaseOf(resume.ref, `${field}.ref`);
    const waitId = parseText(resume.waitId, WAIT_ID, `${field}.wait_id`, violations);
    if (lease === undefined) continue;
    const item = { kind: "resume", lease, waitId } as const;
    const before = items.get(lease.leaseToken);
    if (before === undefined) items.set(lease.leaseToken, item);
    else if (before.kind !== "finish") resumedAfterwards.push(item);
  }
  for (const [index, ref] of released.entries()) {
    const lease = leaseOf(ref, `work.released[${index}]`);
    if (lease !== undefined && !items.has(lease.leaseToken)) items.set(lease.leaseToken, { kind: "release", lease });
  }
  throwIfInvalid(violations);
  const messages = [
    { items: Array.from(items.values()), bytes: sizeOf(report) },
    { items: resumedAfterwards, bytes: 0 },
  ];
  return { messages: messages.filter(({ items: some }) => some.length > 0), strangers };
}

/** What a message has said of a lease so far, to go with what it says next. */
interface Said {
  readonly events: readonly RunEvent[];
  readonly update: RunDescription | undefined;
}

function saidBefore(item: ReportItem | undefined): Said {
  return item?.kind === "progress" || item?.kind === "suspend"
    ? { events: item.events, update: item.update }
    : { events: [], update: undefined };
}

/** What the wait is for is the supervisor's to know; here only its id counts. */
function parseWait(wait: Wait | undefined, field: string, violations: Violation[]): Wait | undefined {
  if (wait === undefined) violations.push({ field, description: "must be set." });
  else parseText(wait.id, WAIT_ID, `${field}.id`, violations);
  return wait;
}

interface FinishContext {
  readonly lease: Lease;
  /** By the same message. */
  readonly said: Said;
  readonly field: string;
  readonly nowUs: number;
  readonly violations: Violation[];
}

function parseFinish(finish: FinishAttempt, context: FinishContext): FinishItem | undefined {
  const { lease, said, field, nowUs, violations } = context;
  const outcome = attemptOutcomeFromProto(finish.outcome);
  if (outcome === undefined)
    violations.push({ field: `${field}.outcome`, description: `must be a known outcome; it is ${finish.outcome}.` });
  if (finish.attemptNumber < 1) {
    violations.push({
      field: `${field}.attempt_number`,
      description: `must be at least 1; it is ${finish.attemptNumber}.`,
    });
  }
  checkError(finish.error, `${field}.error`, violations);
  const output = parseOutput(finish.output, `${field}.output`, violations);
  const update = parseRunUpdate(finish.update, `${field}.update`, violations);
  if (outcome === undefined) return undefined;
  const finishTimeUs = parseTime(finish.finishTime, nowUs);
  return {
    kind: "finish",
    lease,
    attemptNumber: finish.attemptNumber,
    outcome,
    output,
    error: finish.error,
    decision: parseDecision(finish.retry),
    startTimeUs: parseTime(finish.startTime, finishTimeUs),
    finishTimeUs,
    hooks: finish.hooks,
    events: said.events.length === 0 ? finish.events : [...said.events, ...finish.events],
    update: mergeUpdates(said.update, update),
  };
}

function parseOutput(output: Content | undefined, field: string, violations: Violation[]): Content | undefined {
  if (output === undefined || (output.contentType === "" && output.data.byteLength === 0)) return undefined;
  if (output.contentType !== "application/json" && output.contentType !== "application/super+json") {
    violations.push({
      field: `${field}.content_type`,
      description: `must be "application/json" or "application/super+json"; it is ${quote(output.contentType)}.`,
    });
  }
  if (output.data.byteLength > MAX_OUTPUT_BYTES) {
    violations.push({
      field: `${field}.data`,
      description: `must be at most ${MAX_OUTPUT_BYTES} bytes (10 MB); it has ${output.data.byteLength}.`,
    });
  }
  return output;
}

function checkError(error: RunError | undefined, field: string, violations: Violation[]): void {
  // Counting characters is enough for most: none takes more than three bytes here.
  if (error === undefined || (error.causes.length === 0 && textLength(error) * 3 < MAX_ERROR_BYTES / 2)) return;
  const bytes = toBinary(RunErrorSchema, error).byteLength;
  if (bytes > MAX_ERROR_BYTES)
    violations.push({ field, description: `must be at most ${MAX_ERROR_BYTES} bytes (64 KB); it has ${bytes}.` });
}

function textLength({ name, message, stack, fieldsJson, hint }: RunError): number {
  return name.length + message.length + stack.length + fieldsJson.length + hint.length;
}

/** What was not decided is decided by the stored policy. */
function parseDecision(retry: RetryDecisionMessage | undefined): RetryDecision {
  const decision = retry?.decision;
  if (decision?.case === "never" && decision.value) return { kind: "never" };
  if (decision?.case === "after")
    return { kind: "after", delayMs: Number(decision.value.seconds) * 1_000 + decision.value.nanos / 1e6 };
  return { kind: "by policy" };
}

/** By the worker's clock, for people to see; so an impossible time is moved to the nearest possible one rather than refused. */
function parseTime(time: Parameters<typeof microsecondsFromTimestamp>[0] | undefined, otherwiseUs: number): number {
  if (time === undefined) return otherwiseUs;
  return Math.min(Math.max(microsecondsFromTimestamp(time), 0), MAX_TIME_US);
}

function isLeaseRef({ environmentId, runId, leaseToken }: LeaseRef): boolean {
  return isLeaseToken(leaseToken) && isStoreId(environmentId) && isStoreId(runId);
}

function isStoreId(id: string): boolean {
  return id.length >= STORE_ID.min && id.length <= STORE_ID.max && STORE_ID.alphabet.pattern.test(id);
}

function pickLease({ environmentId, runId, leaseToken }: LeaseRef) {
  return { environmentId, runId, leaseToken };
}

/** About what the report holds: what is large in it, exactly. */
function sizeOf(report: WorkReport): number {
  let bytes = 0;
  for (const { events, update } of report.progress) bytes += sizeOfEvents(events) + sizeOfUpdate(update);
  for (const { events } of report.suspended) bytes += sizeOfEvents(events);
  for (const { events, hooks, output, update } of report.finished)
    bytes +=
      sizeOfEvents(events) + hooks.length * BYTES_PER_EVENT + (output?.data.byteLength ?? 0) + sizeOfUpdate(update);
  return bytes;
}

function sizeOfUpdate(update: RunUpdate | undefined): number {
  return update?.metadata?.data.byteLength ?? 0;
}

function sizeOfEvents(events: readonly RunEvent[]): number {
  let bytes = events.length * BYTES_PER_EVENT;
  for (const { body } of events)
    if (body.case === "log") bytes += body.value.message.length + body.value.attributesJson.length;
  return bytes;
}

// What supervisors report, as tests say it.
import {
  type Content,
  HookOutcome,
  HookScope,
  type HookResult,
  type Lease,
  LogLevel,
  type RunError,
  RunErrorCode,
  type RunEvent,
} from "@windlass/proto";
import { timestampFromMicroseconds } from "../conversions/moments.ts";
import type { Lease as LeaseKey } from "../work/lease.ts";
import type { FinishItem } from "../work/report-item.ts";
import type { ParsedHeartbeat } from "../validation/supervisor-requests.ts";

/** The supervisor of leases that name none. */
export const SUPERVISOR_ID = "sup_test";

/** What names a lease in a report. */
export function leaseKey(lease: Lease, supervisorId = SUPERVISOR_ID): LeaseKey {
  const { ref } = lease;
  if (ref === undefined) throw new Error("a lease without a reference");
  return { environmentId: ref.environmentId, runId: ref.runId, leaseToken: ref.leaseToken, supervisorId };
}

/** A wait of an hour, and the timeline's entry for its begin. */
export function waitOf(waitId: string) {
  const wait = {
    $typeName: "windlass.v1.Wait",
    id: waitId,
    kind: { case: "until", value: timestampFromMicroseconds(1_700_003_600_000_000) },
  } as const;
  const event: RunEvent = {
    $typeName: "windlass.v1.RunEvent",
    seq: 0n,
    time: timestampFromMicroseconds(1_700_000_000_000_000),
    body: { case: "waitStarted", value: { $typeName: "windlass.v1.WaitStarted", wait, attemptNumber: 1 } },
  };
  return { wait, events: [event] };
}

/** A success with output and the result of `run`, unless told otherwise. */
export function finishItem(lease: Lease, end: Partial<FinishItem> = {}): FinishItem {
  return {
    kind: "finish",
    lease: leaseKey(lease),
    attemptNumber: lease.attemptNumber,
    outcome: "SUCCEEDED",
    output: json({ ok: true }),
    error: undefined,
    decision: { kind: "by policy" },
    startTimeUs: 1_700_000_000_000_000,
    finishTimeUs: 1_700_000_001_000_000,
    hooks: [hookResult("run")],
    events: [],
    ...end,
  };
}

/** An attempt that failed. */
export function failed(code: RunErrorCode = RunErrorCode.TASK_ERROR): Partial<FinishItem> {
  return { outcome: "FAILED", output: undefined, error: runError(code) };
}

/** JSON as payloads and outputs carry it. */
export function json(value: unknown): Content {
  return {
    $typeName: "windlass.v1.Content",
    data: Buffer.from(JSON.stringify(value)),
    contentType: "application/json",
  };
}

/** Why an attempt failed. */
export function runError(code: RunErrorCode, message = "it broke"): RunError {
  return {
    $typeName: "windlass.v1.RunError",
    code,
    name: "Error",
    message,
    stack: "",
    causes: [],
    fieldsJson: "",
    hint: "",
  };
}

/** A hook that went well. */
export function hookResult(hook: string): HookResult {
  return {
    $typeName: "windlass.v1.HookResult",
    hook,
    scope: HookScope.TASK,
    name: "",
    attemptNumber: 1,
    outcome: HookOutcome.OK,
    startTime: timestampFromMicroseconds(1_700_000_000_000_000),
  };
}

/** A line of the log, for the timeline. */
export function logEvent(message: string, timeUs = 1_700_000_000_000_000): RunEvent {
  return {
    $typeName: "windlass.v1.RunEvent",
    seq: 0n,
    time: timestampFromMicroseconds(timeUs),
    body: {
      case: "log",
      value: {
        $typeName: "windlass.v1.LogRecord",
        level: LogLevel.INFO,
        message,
        attributesJson: "",
        attemptNumber: 1,
      },
    },
  };
}

/** A heartbeat of a supervisor that executes what it holds. */
export function heartbeatOf(leaseTokens: readonly string[]): ParsedHeartbeat {
  return { leaseTokens, executing: leaseTokens.length, suspended: 0, isDraining: false };
}

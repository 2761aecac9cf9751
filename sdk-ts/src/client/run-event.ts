import type { DescEnum } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AttemptOutcomeSchema,
  type CancelPhase,
  CancelPhaseSchema,
  type LogLevel,
  LogLevelSchema,
  type RunEvent as RunEventMessage,
  RunStatusSchema,
  type Wait,
} from "@windlass/proto";
import { enumName } from "./enum-name.ts";
import { type HookSnapshot, hookFromProto } from "./hook-snapshot.ts";
import { present } from "./present.ts";
import { errorFromProto, type RunErrorDetails } from "./run-error-details.ts";
import { type AttemptOutcomeName, dateOf, type RunStatusName } from "./run-snapshot.ts";

type LogLevelName = Exclude<keyof typeof LogLevel, "UNSPECIFIED">;
type CancelPhaseName = Exclude<keyof typeof CancelPhase, "UNSPECIFIED">;

/** An entry of a run's timeline. */
export type RunEvent = {
  /** Its place in the timeline, from 1, without gaps. */
  readonly seq: number;
  readonly time: Date;
} & RunEventBody;

/** What a run waits for. */
export type WaitSnapshot =
  | { readonly type: "duration"; readonly date: Date }
  | { readonly type: "task"; readonly runId: string }
  | { readonly type: "batch"; readonly batchId: string; readonly runCount: number }
  | { readonly type: "token"; readonly token: string }
  /** Something that a newer cluster knows. */
  | { readonly type: "unknown" };

export type RunEventBody =
  | { readonly type: "status"; readonly status: RunStatusName; readonly attempt: number }
  /** `sandboxTier`: how its worker is confined, "process" (not at all), "runc", "crun" or "runsc". */
  | { readonly type: "attempt-started"; readonly attempt: number; readonly sandboxTier?: string }
  | ({ readonly type: "hook" } & HookSnapshot)
  | {
      readonly type: "log";
      readonly level: Lowercase<LogLevelName>;
      readonly message: string;
      readonly attributes?: unknown;
      readonly attempt: number;
    }
  | { readonly type: "cancel"; readonly phase: Lowercase<CancelPhaseName>; readonly reason?: string }
  | {
      readonly type: "attempt-ended";
      readonly attempt: number;
      readonly outcome: AttemptOutcomeName;
      readonly error?: RunErrorDetails;
    }
  /** The worker process ended while it had the attempt, or was ended for it and had written something. */
  | {
      readonly type: "process-ended";
      readonly attempt: number;
      /** Absent when a signal ended it. */
      readonly exitCode?: number;
      /** The signal that ended it; absent when it exited by itself. */
      readonly signal?: string;
      /** The last 64 KB that it wrote to stdout and stderr by itself; lines of `console` and `logger` are log entries. */
      readonly output: string;
      /** How many bytes it wrote before those. */
      readonly omittedOutputBytes: number;
    }
  /** The run waits, and its process is suspended. */
  | { readonly type: "wait-started"; readonly waitId: string; readonly wait: WaitSnapshot; readonly attempt: number }
  /** The run continues after a wait. */
  | { readonly type: "wait-ended"; readonly waitId: string; readonly attempt: number }
  /** Something that a newer cluster tells. */
  | { readonly type: "unknown" };

export function runEventFromProto(event: RunEventMessage): RunEvent {
  return { seq: Number(event.seq), time: dateOf(event.time) ?? new Date(0), ...bodyOf(event.body) };
}

function bodyOf(body: RunEventMessage["body"]): RunEventBody {
  switch (body.case) {
    case "statusChanged": {
      const status = enumName(RunStatusSchema, body.value.status) as RunStatusName;
      return { type: "status", status, attempt: body.value.attemptNumber };
    }
    case "attemptStarted":
      return {
        type: "attempt-started",
        attempt: body.value.attemptNumber,
        ...present({ sandboxTier: body.value.sandboxTier === "" ? undefined : body.value.sandboxTier }),
      };
    case "hookResult":
      return { type: "hook", ...hookFromProto(body.value) };
    case "log": {
      const { level, message, attributesJson, attemptNumber } = body.value;
      return {
        type: "log",
        level: lowerName(LogLevelSchema, level) as Lowercase<LogLevelName>,
        message,
        attempt: attemptNumber,
        ...present({ attributes: attributesJson === "" ? undefined : (JSON.parse(attributesJson) as unknown) }),
      };
    }
    case "cancelProgress": {
      const { phase, reason } = body.value;
      return {
        type: "cancel",
        phase: lowerName(CancelPhaseSchema, phase) as Lowercase<CancelPhaseName>,
        ...present({ reason: reason || undefined }),
      };
    }
    case "attemptEnded": {
      const { attemptNumber, outcome, error } = body.value;
      return {
        type: "attempt-ended",
        attempt: attemptNumber,
        outcome: enumName(AttemptOutcomeSchema, outcome) as AttemptOutcomeName,
        ...present({ error: errorFromProto(error) }),
      };
    }
    case "waitStarted": {
      const { wait, attemptNumber } = body.value;
      return { type: "wait-started", waitId: wait?.id ?? "", wait: waitFromProto(wait), attempt: attemptNumber };
    }
    case "waitEnded":
      return { type: "wait-ended", waitId: body.value.waitId, attempt: body.value.attemptNumber };
    case "processEnded": {
      const { attemptNumber, exitCode, signal, output, omittedOutputBytes } = body.value;
      return {
        type: "process-ended",
        attempt: attemptNumber,
        ...present({ exitCode, signal: signal || undefined }),
        output,
        omittedOutputBytes: Number(omittedOutputBytes),
      };
    }
    default:
      return { type: "unknown" };
  }
}

function waitFromProto(wait: Wait | undefined): WaitSnapshot {
  switch (wait?.kind.case) {
    case "until":
      return { type: "duration", date: timestampDate(wait.kind.value) };
    case "runId":
      return { type: "task", runId: wait.kind.value };
    case "batch": {
      const { batchId, runCount, runIds } = wait.kind.value;
      return { type: "batch", batchId, runCount: runCount === 0 ? runIds.length : runCount };
    }
    case "tokenId":
      return { type: "token", token: wait.kind.value };
    default:
      return { type: "unknown" };
  }
}

function lowerName(schema: DescEnum, value: number): string {
  return enumName(schema, value).toLowerCase();
}

import type { DescEnum } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  AttemptOutcomeSchema,
  type CancelPhase,
  CancelPhaseSchema,
  HookOutcome,
  HookScope,
  type LogLevel,
  LogLevelSchema,
  type RunEvent as RunEventMessage,
  RunStatusSchema,
} from "@windlass/proto";
import { enumName } from "./enum-name.ts";
import {
  type AttemptOutcomeName,
  dateOf,
  errorFromProto,
  present,
  type RunErrorDetails,
  type RunStatusName,
} from "./run-snapshot.ts";

type LogLevelName = Exclude<keyof typeof LogLevel, "UNSPECIFIED">;
type CancelPhaseName = Exclude<keyof typeof CancelPhase, "UNSPECIFIED">;

/** An entry of a run's timeline. */
export type RunEvent = {
  /** Its place in the timeline, from 1, without gaps. */
  readonly seq: number;
  readonly time: Date;
} & RunEventBody;

export type RunEventBody =
  | { readonly type: "status"; readonly status: RunStatusName; readonly attempt: number }
  | { readonly type: "attempt-started"; readonly attempt: number }
  | {
      readonly type: "hook";
      /** "init", "onStart", "run" and so on. */
      readonly hook: string;
      readonly scope: "global" | "task";
      /** Empty when the hook has none. */
      readonly name: string;
      readonly attempt: number;
      readonly outcome: "ok" | "ignored" | "failed";
      readonly durationMs: number;
      readonly error?: RunErrorDetails;
    }
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
      return { type: "attempt-started", attempt: body.value.attemptNumber };
    case "hookResult": {
      const { hook, scope, name, attemptNumber, outcome, duration, error } = body.value;
      return {
        type: "hook",
        hook,
        scope: scope === HookScope.GLOBAL ? "global" : "task",
        name,
        attempt: attemptNumber,
        outcome: outcome === HookOutcome.OK ? "ok" : outcome === HookOutcome.IGNORED ? "ignored" : "failed",
        durationMs: duration === undefined ? 0 : durationMs(duration),
        ...present({ error: errorFromProto(error) }),
      };
    }
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
    default:
      return { type: "unknown" };
  }
}

function lowerName(schema: DescEnum, value: number): string {
  return enumName(schema, value).toLowerCase();
}

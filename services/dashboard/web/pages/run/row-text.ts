import {
  AttemptOutcome,
  CancelPhase,
  HookOutcome,
  HookScope,
  LogLevel,
  LogLevelSchema,
  type RunEvent,
  type Wait,
} from "@windlass/proto";
import { msOf } from "../../format/moments.ts";
import { statusLook, type Tone } from "../../format/run-status.ts";
import { formatTime } from "../../format/time.ts";
import type { WaterfallRow } from "./waterfall.ts";

/** A row of the waterfall in words. */
export interface RowText {
  readonly title: string;
  readonly tone: Tone;
  /** Beside the title, softer. */
  readonly note?: string;
  /** Beside it, as it is: the first line of a task's text. */
  readonly line?: string;
}

const outcomes: Readonly<Record<AttemptOutcome, readonly [string, Tone]>> = {
  [AttemptOutcome.UNSPECIFIED]: ["ended", "calm"],
  [AttemptOutcome.SUCCEEDED]: ["succeeded", "good"],
  [AttemptOutcome.FAILED]: ["failed", "bad"],
  [AttemptOutcome.CRASHED]: ["crashed", "bad"],
  [AttemptOutcome.LOST]: ["was lost", "bad"],
  [AttemptOutcome.CANCELED]: ["was canceled", "calm"],
  [AttemptOutcome.CANCEL_FORCED]: ["was canceled by force", "calm"],
  [AttemptOutcome.TIMED_OUT]: ["ran too long", "bad"],
};

const phases: Readonly<Record<CancelPhase, string>> = {
  [CancelPhase.UNSPECIFIED]: "Cancel goes on",
  [CancelPhase.REQUESTED]: "Cancel requested",
  [CancelPhase.DELIVERED]: "Cancel delivered to the worker",
  [CancelPhase.ACKNOWLEDGED]: "Cancel acknowledged by the task",
  [CancelPhase.HOOKS_DONE]: "onCancel hooks are done",
  [CancelPhase.ENDED]: "Canceled",
  [CancelPhase.FORCED]: "Canceled by force",
};

const unknown: RowText = { title: "Something that this dashboard does not know", tone: "calm" };
const MAX_LINE_CHARS = 400;

/** Says what a row is about: how it ended, once it has. */
export function rowText({ kind, event, endEvent, endMs }: WaterfallRow): RowText {
  if (kind === "start") return { title: endMs === undefined ? "Is being started" : "Started", tone: "calm" };
  const told = kind === "attempt" && endEvent?.body.case === "attemptEnded" ? endEvent : event;
  return eventText(told);
}

function eventText({ body }: RunEvent): RowText {
  switch (body.case) {
    case "statusChanged": {
      const { word, tone } = statusLook(body.value.status);
      return { title: word, tone };
    }
    case "attemptStarted":
      return { title: `Attempt ${body.value.attemptNumber}`, tone: "busy" };
    case "attemptEnded": {
      const [word, tone] = outcomes[body.value.outcome] ?? outcomes[AttemptOutcome.UNSPECIFIED];
      return { title: `Attempt ${body.value.attemptNumber} ${word}`, tone, ...errorLine(body.value.error) };
    }
    case "hookResult": {
      const { hook, name, scope, outcome, error } = body.value;
      const failed = outcome === HookOutcome.OK ? "" : outcome === HookOutcome.IGNORED ? "failed, ignored" : "failed";
      const words = [failed, hook === "run" ? "" : scope === HookScope.GLOBAL ? "global" : "task", name];
      return {
        title: hook,
        tone: outcome === HookOutcome.OK ? "calm" : outcome === HookOutcome.IGNORED ? "wait" : "bad",
        note: words.filter((word) => word !== "").join(" · "),
        ...errorLine(error),
      };
    }
    case "log": {
      const { level, message } = body.value;
      const tone = level === LogLevel.ERROR ? "bad" : level === LogLevel.WARN ? "wait" : "calm";
      return { title: levelName(level), tone, line: lineOf(message) };
    }
    case "cancelProgress": {
      const { phase, reason } = body.value;
      return { title: phases[phase] ?? "Cancel goes on", tone: "wait", ...(reason !== "" && { line: lineOf(reason) }) };
    }
    case "waitStarted":
      return { title: `Waits for ${waitText(body.value.wait)}`, tone: "wait" };
    case "waitEnded":
      return { title: "Goes on after a wait", tone: "busy" };
    case "processEnded": {
      const { exitCode, signal, output } = body.value;
      const how = signal === "" ? `exit code ${exitCode ?? "unknown"}` : signal;
      const last = output.trimEnd().split("\n").at(-1) ?? "";
      return { title: `Process ended by ${how}`, tone: "bad", ...(last !== "" && { line: lineOf(last) }) };
    }
    default:
      return unknown;
  }
}

/** "info": as the logger names it. */
function levelName(level: LogLevel): string {
  return LogLevelSchema.value[level]?.localName.toLowerCase() ?? "log";
}

function errorLine(error: { readonly name: string; readonly message: string } | undefined) {
  return error === undefined ? {} : { line: lineOf(`${error.name}: ${error.message}`) };
}

function lineOf(text: string): string {
  return text.slice(0, MAX_LINE_CHARS).replaceAll(/\s+/gu, " ");
}

function waitText(wait: Wait | undefined): string {
  switch (wait?.kind.case) {
    case "until":
      return formatTime(msOf(wait.kind.value) ?? 0, Date.now());
    case "runId":
      return `run ${wait.kind.value}`;
    case "batch": {
      const { batchId, runCount, runIds } = wait.kind.value;
      return `${runCount === 0 ? runIds.length : runCount} runs of ${batchId}`;
    }
    case "tokenId":
      return `token ${wait.kind.value}`;
    default:
      return "something that this dashboard does not know";
  }
}

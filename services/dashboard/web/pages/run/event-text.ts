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
import { formatDuration } from "../../format/duration.ts";
import { msIn, msOf } from "../../format/moments.ts";
import { statusLook, type Tone } from "../../format/run-status.ts";
import { formatTime } from "../../format/time.ts";

/** An event of the timeline in words. */
export interface EventText {
  /** What kind of event it is. */
  readonly kind: "status" | "attempt" | "hook" | "log" | "cancel" | "wait" | "process" | "other";
  readonly title: string;
  readonly tone: Tone;
  /** Beside the title, softer. */
  readonly note?: string;
  /** Below it, as it is: text of a task. */
  readonly detail?: string;
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

/** Says an event. */
export function eventText({ body }: RunEvent): EventText {
  switch (body.case) {
    case "statusChanged": {
      const { word, tone } = statusLook(body.value.status);
      return { kind: "status", title: word, tone };
    }
    case "attemptStarted":
      return {
        kind: "attempt",
        title: `Attempt ${body.value.attemptNumber} started`,
        tone: "busy",
        note: body.value.workerId,
      };
    case "attemptEnded": {
      const [word, tone] = outcomes[body.value.outcome] ?? outcomes[AttemptOutcome.UNSPECIFIED];
      const { error } = body.value;
      return {
        kind: "attempt",
        title: `Attempt ${body.value.attemptNumber} ${word}`,
        tone,
        ...(error !== undefined && { detail: `${error.name}: ${error.message}` }),
      };
    }
    case "hookResult": {
      const { hook, name, scope, outcome, duration, error } = body.value;
      const words = [scope === HookScope.GLOBAL ? "global" : "", name, formatDuration(msIn(duration) ?? 0)];
      const failed = outcome === HookOutcome.OK ? "" : outcome === HookOutcome.IGNORED ? " failed, ignored" : " failed";
      return {
        kind: "hook",
        title: `${hook}${failed}`,
        tone: outcome === HookOutcome.OK ? "calm" : outcome === HookOutcome.IGNORED ? "wait" : "bad",
        note: words.filter((word) => word !== "").join(" · "),
        ...(error !== undefined && { detail: `${error.name}: ${error.message}` }),
      };
    }
    case "log": {
      const { level, message, attributesJson } = body.value;
      const name = LogLevelSchema.value[level]?.localName.toLowerCase() ?? "log";
      const tone = level === LogLevel.ERROR ? "bad" : level === LogLevel.WARN ? "wait" : "calm";
      const detail = attributesJson === "" ? message : `${message}\n${attributesJson}`;
      return { kind: "log", title: name, tone, detail };
    }
    case "cancelProgress": {
      const { phase, reason } = body.value;
      return {
        kind: "cancel",
        title: phases[phase] ?? "Cancel goes on",
        tone: "wait",
        ...(reason !== "" && { note: reason }),
      };
    }
    case "waitStarted":
      return { kind: "wait", title: `Waits for ${waitText(body.value.wait)}`, tone: "wait" };
    case "waitEnded":
      return { kind: "wait", title: "Goes on after the wait", tone: "busy" };
    case "processEnded": {
      const { exitCode, signal, output, omittedOutputBytes } = body.value;
      const how = signal === "" ? `exit code ${exitCode ?? "unknown"}` : signal;
      const omitted = omittedOutputBytes === 0n ? "" : `… ${omittedOutputBytes} bytes before\n`;
      return {
        kind: "process",
        title: `Process ended by ${how}`,
        tone: "bad",
        ...(output !== "" && { detail: omitted + output.trimEnd() }),
      };
    }
    default:
      return { kind: "other", title: "Something that this dashboard does not know", tone: "calm" };
  }
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

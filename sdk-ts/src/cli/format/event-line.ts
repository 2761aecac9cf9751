import type { RunEvent, WaitSnapshot } from "../../client/run-event.ts";
import type { RunErrorDetails, RunStatusName } from "../../client/run-snapshot.ts";
import type { Output, Style } from "../output.ts";
import { formatDuration } from "./duration.ts";
import { oneLine, plainText } from "./plain-text.ts";

type StyleText = Output["style"];

/** One entry of a run's timeline as a line: local time, and what happened. Text of tasks is made safe for a terminal. */
export function eventLine(event: RunEvent, style: StyleText): string {
  return `${style("dim", timeOfDay(event.time))}  ${describe(event, style)}`;
}

/** A log entry alone: time, level and the whole message, further lines indented. */
export function logLine(event: Extract<RunEvent, { type: "log" }>, style: StyleText): string {
  const attributes =
    event.attributes === undefined ? "" : `  ${style("dim", oneLine(JSON.stringify(event.attributes)))}`;
  const message = plainText(event.message).replaceAll("\n", `\n${" ".repeat(LOG_INDENT)}`);
  return `${style("dim", timeOfDay(event.time))}  ${style(LEVEL_STYLES[event.level] ?? "cyan", event.level.padEnd(5))}  ${message}${attributes}`;
}

type ProcessEnded = Extract<RunEvent, { type: "process-ended" }>;

/** How a worker process ended, and all of what is kept of its output, indented; a terminal takes no orders from it. */
export function processEndedLines(event: ProcessEnded, style: StyleText): string[] {
  const { output, omittedOutputBytes } = event;
  const head = `${style("dim", timeOfDay(event.time))}  ${style("red", howItEnded(event))}`;
  if (output === "") return [head];
  const omitted = omittedOutputBytes === 0 ? "" : ` (the end of it; ${omittedOutputBytes} bytes came before)`;
  return [
    `${head}, its output${omitted}:`,
    ...plainText(output.trimEnd())
      .split("\n")
      .map((line) => `${" ".repeat(LOG_INDENT)}${line}`),
  ];
}

function howItEnded({ attempt, exitCode, signal }: ProcessEnded): string {
  return `process of attempt ${attempt} ended by ${signal ?? `exit code ${exitCode ?? "unknown"}`}`;
}

/** Time (12), two spaces, level (5), two spaces. */
const LOG_INDENT = 21;

const LEVEL_STYLES: Readonly<Record<string, Style>> = { error: "red", warn: "yellow", trace: "dim", debug: "dim" };

/** A status in its colour. */
export function styledStatus(status: RunStatusName, style: StyleText): string {
  if (status === "COMPLETED") return style(["green", "bold"], status);
  return style(FAILED.has(status) ? ["red", "bold"] : "bold", status);
}

const FAILED: ReadonlySet<RunStatusName> = new Set(["FAILED", "CRASHED", "SYSTEM_FAILURE", "TIMED_OUT", "EXPIRED"]);

/** An error's code, name and message on one line. */
export function errorText({ code, name, message }: RunErrorDetails): string {
  return `${code}  ${oneLine(`${name}: ${message}`)}`;
}

function describe(event: RunEvent, style: StyleText): string {
  switch (event.type) {
    case "status":
      return styledStatus(event.status, style);
    case "attempt-started":
      return `attempt ${event.attempt} started${event.sandboxTier === undefined ? "" : style("dim", `  ${oneLine(event.sandboxTier, 20)}`)}`;
    case "hook": {
      const name = event.name === "" ? event.hook : `${event.hook} (${oneLine(event.name, 80)})`;
      const outcome = event.outcome === "ok" ? "ok" : style("red", event.outcome);
      const error = event.error === undefined ? "" : `  ${oneLine(`${event.error.name}: ${event.error.message}`)}`;
      return `${name}  ${event.scope === "global" ? "global  " : ""}${outcome}  ${style("dim", formatDuration(event.durationMs))}${error}`;
    }
    case "log":
      return `${style(LEVEL_STYLES[event.level] ?? "cyan", event.level.padEnd(5))}  ${oneLine(event.message)}`;
    case "cancel":
      return `cancel ${event.phase.replaceAll("_", " ")}${event.reason === undefined ? "" : `: ${oneLine(event.reason)}`}`;
    case "attempt-ended":
      return `attempt ${event.attempt} ${event.outcome}${event.error === undefined ? "" : `  ${errorText(event.error)}`}`;
    case "process-ended":
      return `${style("red", howItEnded(event))}${event.output === "" ? "" : `  ${lastOf(event.output)}`}`;
    case "wait-started":
      return `waits for ${waitText(event.wait)}`;
    case "wait-ended":
      return "goes on";
    default:
      return style("dim", event.type.replaceAll("-", " "));
  }
}

/** The last words are the ones that tell. */
function lastOf(output: string): string {
  const lines = output.trimEnd().split("\n");
  return oneLine(lines.slice(-3).join("\n"), 200);
}

function waitText(wait: WaitSnapshot): string {
  switch (wait.type) {
    case "duration":
      return timeOfDay(wait.date);
    case "task":
      return wait.runId;
    case "batch":
      return `${wait.runCount} runs of ${oneLine(wait.batchId)}`;
    case "token":
      return wait.token;
    default:
      return "something this version does not know";
  }
}

/** "14:03:07.120", by the clock and time zone of whoever reads. */
export function timeOfDay(time: Date): string {
  const part = (value: number, digits: number): string => String(value).padStart(digits, "0");
  return `${part(time.getHours(), 2)}:${part(time.getMinutes(), 2)}:${part(time.getSeconds(), 2)}.${part(time.getMilliseconds(), 3)}`;
}

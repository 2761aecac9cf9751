import type { HoldSnapshot } from "../../client/hold-snapshot.ts";
import type { HookSnapshot } from "../../client/hook-snapshot.ts";
import type { RunEvent } from "../../client/run-event.ts";
import type { RunSnapshot } from "../../client/run-snapshot.ts";
import type { Output } from "../output.ts";
import { formatDuration } from "./duration.ts";
import { errorText, processEndedLines, styledStatus } from "./event-line.ts";
import { jsonText } from "./json-text.ts";
import { oneLine, plainText } from "./plain-text.ts";
import { tableLines } from "./table.ts";

type StyleText = Output["style"];

/** A table of runs, newest first. */
export function runTable(runs: readonly RunSnapshot[], style: StyleText): string[] {
  const rows = runs.map((run) => [
    run.id,
    run.status,
    oneLine(run.taskIdentifier, 60),
    run.createdAt.toISOString(),
    took(run),
    run.tags.map((tag) => oneLine(tag, 40)).join(" "),
  ]);
  const [head = "", ...lines] = tableLines([["ID", "STATUS", "TASK", "CREATED", "TOOK", "TAGS"], ...rows]);
  return [style("dim", head), ...lines];
}

function took({ startedAt, finishedAt }: RunSnapshot): string {
  return startedAt === undefined || finishedAt === undefined
    ? ""
    : formatDuration(finishedAt.getTime() - startedAt.getTime());
}

/** How a run ended, in a line or two: for the end of `trigger --wait` and `runs watch`. */
export function endLines(run: RunSnapshot, style: StyleText): string[] {
  const status = styledStatus(run.status, style);
  if (run.isSuccess) return [`${status}  ${oneLine(jsonText(run.output), 10_000)}`];
  if (run.error === undefined) return [status];
  return [
    `${status}  ${errorText(run.error)}`,
    ...(run.error.hint === undefined ? [] : [`  ${oneLine(run.error.hint)}`]),
  ];
}

/** Why a run does not execute: "CONCURRENCY_LIMIT: The queue ... (until ...; run_1 run_2)". */
function holdText({ reason, message, runIds, until }: HoldSnapshot): string {
  const more = [until === undefined ? "" : `until ${until.toISOString()}`, runIds.join(" ")].filter(
    (text) => text !== "",
  );
  return `${reason}: ${oneLine(message)}${more.length === 0 ? "" : ` (${more.join("; ")})`}`;
}

/** How worker processes ended that ended with an attempt of the run, and what they wrote last. */
export function processLines(events: readonly RunEvent[], style: StyleText): string[] {
  return events.flatMap((event) => (event.type === "process-ended" ? processEndedLines(event, style) : []));
}

/** Everything about one run. */
export function runLines(run: RunSnapshot, hooks: readonly HookSnapshot[], style: StyleText): string[] {
  const facts: [string, string | undefined][] = [
    ["run", run.id],
    ["task", oneLine(run.taskIdentifier)],
    ["status", styledStatus(run.status, style)],
    ["version", run.version],
    ["queue", oneLine(run.queue)],
    ["attempts", `${run.attemptCount} of ${run.maxAttempts}`],
    ["created", run.createdAt.toISOString()],
    ["started", run.startedAt?.toISOString()],
    ["finished", run.finishedAt?.toISOString()],
    ["due", run.dueAt?.toISOString()],
    ["expires", run.expiresAt?.toISOString()],
    ["held", run.hold === undefined ? undefined : holdText(run.hold)],
    ["schedule", run.scheduleId],
    ["batch", run.batchId],
    ["tags", run.tags.length === 0 ? undefined : oneLine(run.tags.join(" "))],
    ["test", run.isTest ? "yes" : undefined],
    ["canceled", run.cancelRequestedAt?.toISOString()],
    ["reason", run.cancelReason === undefined ? undefined : oneLine(run.cancelReason)],
    ["payload", run.payload === undefined ? undefined : oneLine(jsonText(run.payload), 2_000)],
    ["output", run.output === undefined ? undefined : oneLine(jsonText(run.output), 2_000)],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${style("dim", name.padEnd(10))}${value}`],
  );
  if (run.error !== undefined) {
    lines.push(`${style("dim", "error".padEnd(10))}${errorText(run.error)}`);
    if (run.error.stack !== "")
      lines.push(
        ...plainText(run.error.stack)
          .split("\n")
          .map((line) => `          ${line.trim()}`),
      );
    if (run.error.hint !== undefined) lines.push(`          ${oneLine(run.error.hint)}`);
  }
  for (const attempt of run.attempts) {
    const error = attempt.error === undefined ? "" : `  ${errorText(attempt.error)}`;
    lines.push(`${style("dim", `attempt ${attempt.number}`.padEnd(10))}${attempt.outcome}${error}`);
  }
  if (hooks.length > 0) {
    const rows = hooks.map(({ hook, scope, name, attempt, outcome, durationMs }) => [
      `  ${oneLine(hook, 40)}`,
      scope,
      oneLine(name, 60),
      `attempt ${attempt}`,
      outcome,
      formatDuration(durationMs),
    ]);
    lines.push(style("dim", "hooks"), ...tableLines(rows));
  }
  return lines;
}

import type { RunEvent } from "@windlass/sdk";
import { formatDuration, oneLine, type Terminal } from "./terminal.ts";

/** One line for one entry of a run's timeline; undefined for what adds nothing to the others. `since` is when the run was triggered. */
export function timelineLine(event: RunEvent, since: Date, terminal: Terminal): string | undefined {
  const text = describe(event, terminal);
  if (text === undefined) return undefined;
  const offset = `+${Math.max(0, event.time.getTime() - since.getTime())} ms`;
  return `  ${terminal.style("dim", offset.padStart(9))}  ${text}`;
}

function describe(event: RunEvent, { style }: Terminal): string | undefined {
  switch (event.type) {
    case "status":
      return style("bold", event.status);
    case "attempt-started":
      return `attempt ${event.attempt} started`;
    case "hook": {
      const name = event.name === "" ? event.hook : `${event.hook} (${event.name})`;
      const error = event.error === undefined ? "" : `  ${event.error.name}: ${oneLine(event.error.message)}`;
      return `${name.padEnd(12)} ${event.outcome}  ${style("dim", formatDuration(event.durationMs))}${error}`;
    }
    case "log":
      return `${style("cyan", event.level.padEnd(12))} ${oneLine(event.message)}`;
    case "cancel":
      return `cancel ${event.phase}`;
    case "attempt-ended":
      return `attempt ${event.attempt} ${event.outcome}${event.error === undefined ? "" : `  ${event.error.name}: ${oneLine(event.error.message)}`}`;
    case "process-ended":
      return `process of attempt ${event.attempt} ended by ${event.signal ?? `exit code ${event.exitCode ?? "unknown"}`}`;
    case "unknown":
      return undefined;
  }
}

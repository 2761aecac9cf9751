import { runs } from "../client/runs.ts";
import { EXIT } from "./exit-code.ts";
import { eventLine } from "./format/event-line.ts";
import { endLines } from "./format/run-lines.ts";
import type { Output } from "./output.ts";
import { runReport } from "./run-report.ts";
import { followTimeline } from "./timeline.ts";

/**
 * Waits for a run's end: as JSON it prints the whole report once, else the timeline as it comes and then the end. Returns the exit code: 0 for COMPLETED, 1 for
 * any other end.
 */
export async function waitForEnd(runId: string, output: Output, signal: AbortSignal): Promise<number> {
  let hasToldOfVersion = false;
  const timeline = await followTimeline(runId, signal, (event) => {
    if (event.type === "status" && event.status === "PENDING_VERSION" && !hasToldOfVersion) {
      hasToldOfVersion = true;
      output.note(`no deployed version knows this task yet; the run waits for one ("windlass deploy")`);
    }
    if (!output.isJson) output.item(event, () => [eventLine(event, output.style)]);
  });
  const run = await runs.retrieve(runId);
  output.result(runReport(run, timeline), () => endLines(run, output.style));
  return run.isSuccess ? EXIT.ok : EXIT.endedBadly;
}

/** Says, when a wait is ended early, that the run is not. */
export function noteThatRunGoesOn(runId: string, output: Output, signal: AbortSignal): Disposable {
  const note = (): void =>
    output.note(
      `\nthe run goes on: "windlass runs watch ${runId}" follows it, "windlass runs cancel ${runId}" ends it`,
    );
  signal.addEventListener("abort", note, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", note) };
}

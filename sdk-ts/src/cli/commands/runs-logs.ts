import type { Command } from "commander";
import type { RunEvent } from "../../client/run-event.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { logLine, processEndedLines } from "../format/event-line.ts";
import { followTimeline, storedTimeline } from "../timeline.ts";

interface Flags extends CommonFlags {
  readonly follow?: boolean;
}

/** `windlass runs logs <run>`: what the task logged, and what its process wrote last when it ended with an attempt. */
export function addRunsLogsCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("logs")
    .description("Print what a run has logged with logger and console, and the output of a process that ended with it.")
    .argument("<run>", "the run's id")
    .option("-f, --follow", "go on until the run is over");
  withConnection(withJson(command, "one JSON value a line for every log entry"))
    .addHelpText("after", examples("runs logs run_01...", "runs logs run_01... --follow --json"))
    .action(async (runId: string, flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const print = (event: RunEvent): void => {
        if (event.type === "log") output.item(event, () => [logLine(event, output.style)]);
        if (event.type === "process-ended") output.item(event, () => processEndedLines(event, output.style));
      };
      if (flags.follow === true) await followTimeline(runId, cli.signal, print);
      else (await storedTimeline(runId, cli.signal)).events.forEach(print);
      cli.exitCode = EXIT.ok;
    });
}

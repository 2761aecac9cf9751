import type { Command } from "commander";
import { runs } from "../../client/runs.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { processLines, runLines } from "../format/run-lines.ts";
import { runReport } from "../run-report.ts";
import { storedTimeline } from "../timeline.ts";

/** `windlass runs get <run>`: everything about one run, as it is now. */
export function addRunsGetCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("get")
    .description(
      "Show a run as it is now: payload, output, error, attempts, hooks, and why it does not execute if it does not.",
    )
    .argument("<run>", "the run's id");
  withConnection(withJson(command))
    .addHelpText("after", examples("runs get run_01...", "runs get run_01... --json | jq .output"))
    .action(async (runId: string, flags: CommonFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const run = await runs.retrieve(runId);
      const report = runReport(run, await storedTimeline(runId, cli.signal));
      output.result(report, () => [
        ...runLines(run, report.hooks, output.style),
        ...processLines(report.events, output.style),
      ]);
      cli.exitCode = EXIT.ok;
    });
}

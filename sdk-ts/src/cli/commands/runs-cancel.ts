import type { Command } from "commander";
import { runs } from "../../client/runs.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { styledStatus } from "../format/event-line.ts";
import { runSummary } from "../run-report.ts";

interface Flags extends CommonFlags {
  readonly reason?: string;
  readonly wait?: boolean;
}

/** `windlass runs cancel <run>`: asks for the run's end. */
export function addRunsCancelCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("cancel")
    .description("Cancel a run. A run that is over stays as it is.")
    .argument("<run>", "the run's id")
    .option("--reason <text>", "shown in the timeline and given to the task")
    .option("--wait", "until the run is over: a worker that has it may take 30 s");
  withConnection(withJson(command))
    .addHelpText(
      "after",
      examples('runs cancel run_01... --reason "wrong input"', "runs cancel run_01... --wait --json"),
    )
    .action(async (runId: string, flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      let run = await runs.cancel(runId, flags.reason === undefined ? {} : { reason: flags.reason });
      if (flags.wait === true && !run.isCompleted) run = await runs.poll(runId, { signal: cli.signal });
      output.result(runSummary(run), () => [`${run.id}  ${styledStatus(run.status, output.style)}`]);
      cli.exitCode = EXIT.ok;
    });
}

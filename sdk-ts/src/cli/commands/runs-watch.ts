import type { Command } from "commander";
import { runs } from "../../client/runs.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { eventLine } from "../format/event-line.ts";
import { endLines } from "../format/run-lines.ts";

/** `windlass runs watch <run>`: the timeline as it grows, until the run is over. */
export function addRunsWatchCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("watch")
    .description("Follow a run's timeline to its end: exit code 0 when it is COMPLETED, 1 for any other end.")
    .argument("<run>", "the run's id");
  withConnection(withJson(command, "one JSON value a line for every entry"))
    .addHelpText("after", examples("runs watch run_01...", "runs watch run_01... --json | jq -c .type"))
    .action(async (runId: string, flags: CommonFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      for await (const event of runs.subscribeToEvents(runId, { signal: cli.signal })) {
        output.item(event, () => [eventLine(event, output.style)]);
      }
      cli.signal.throwIfAborted();
      const run = await runs.retrieve(runId);
      if (!output.isJson) output.item(undefined, () => endLines(run, output.style));
      cli.exitCode = run.isSuccess ? EXIT.ok : EXIT.endedBadly;
    });
}

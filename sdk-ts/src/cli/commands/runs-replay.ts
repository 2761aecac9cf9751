import type { Command } from "commander";
import { runs } from "../../client/runs.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { noteThatRunGoesOn, waitForEnd } from "../follow-run.ts";
import { readPayload } from "../read-payload.ts";

interface Flags extends CommonFlags {
  readonly payload?: string;
  readonly wait?: boolean;
}

/** `windlass runs replay <run>`: the same once more, as a new run. */
export function addRunsReplayCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("replay")
    .description("Trigger a run's task again, with the same payload, tags and metadata.")
    .argument("<run>", "the run's id")
    .option("--payload <json>", 'another payload: JSON, "@file", or "-" for standard input')
    .option("--wait", "follow the new run to its end: exit code 0 when it is COMPLETED, 1 for any other end");
  withConnection(withJson(command))
    .addHelpText("after", examples("runs replay run_01... --wait", "runs replay run_01... --payload @fixed.json"))
    .action(async (runId: string, flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const payload =
        flags.payload === undefined ? undefined : await readPayload("--payload", flags.payload, cli.stdin);
      const replay = await runs.replay(runId, payload === undefined ? {} : { payload });
      if (flags.wait === true) {
        output.note(`replayed ${runId}: ${replay.id}`);
        using _ = noteThatRunGoesOn(replay.id, output, cli.signal);
        cli.exitCode = await waitForEnd(replay.id, output, cli.signal);
        return;
      }
      output.result({ id: replay.id, task: replay.taskIdentifier, replayOf: runId }, () => [replay.id]);
      cli.exitCode = EXIT.ok;
    });
}

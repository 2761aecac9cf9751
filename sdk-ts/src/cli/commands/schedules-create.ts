import type { Command } from "commander";
import type { CatchUpName } from "../../schedule/catch-up.ts";
import { schedules } from "../../schedule/schedules.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { catchUpOption } from "../catch-up-option.ts";
import { EXIT } from "../exit-code.ts";
import { scheduleLines } from "../format/schedule-lines.ts";

interface Flags extends CommonFlags {
  readonly cron: string;
  readonly key: string;
  readonly timezone?: string;
  readonly externalId?: string;
  readonly catchUp?: CatchUpName;
}

/** `windlass schedules create <task>`: makes a schedule, or changes the one of the same key. */
export function addSchedulesCreateCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("create")
    .description("Make a schedule, or change the one that has the same key.")
    .argument("<task>", "the id of a task")
    .requiredOption("--cron <expression>", "minute, hour, day of month, month, day of week")
    .requiredOption("--key <key>", "the same key changes the same schedule")
    .option("--timezone <zone>", "an IANA time zone (default: UTC)")
    .option("--external-id <id>", "given on in the payload")
    .addOption(catchUpOption());
  withConnection(withJson(command))
    .addHelpText(
      "after",
      examples('schedules create report --cron "0 9 * * 1-5" --timezone Europe/Berlin --key user-1'),
    )
    .action(async (task: string, flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const { cron, key, timezone, externalId, catchUp } = flags;
      const schedule = await schedules.create({ task, cron, timezone, catchUp, deduplicationKey: key, externalId });
      output.result(schedule, () => scheduleLines(schedule, output.style));
      cli.exitCode = EXIT.ok;
    });
}

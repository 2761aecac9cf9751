import type { Command } from "commander";
import type { CatchUpName } from "../../schedule/catch-up.ts";
import { schedules } from "../../schedule/schedules.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { catchUpOption } from "../catch-up-option.ts";
import { EXIT } from "../exit-code.ts";
import { scheduleLines } from "../format/schedule-lines.ts";
import { UsageError } from "../usage-error.ts";

interface Flags extends CommonFlags {
  readonly task?: string;
  readonly cron?: string;
  readonly timezone?: string;
  readonly externalId?: string;
  readonly catchUp?: CatchUpName;
}

/** `windlass schedules update <schedule>`: what is left out stays as it is. */
export function addSchedulesUpdateCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("update")
    .description("Change a schedule that no task declares; what is left out stays as it is.")
    .argument("<schedule>", "the schedule's id")
    .option("--task <id>", "another task")
    .option("--cron <expression>", "minute, hour, day of month, month, day of week")
    .option("--timezone <zone>", "an IANA time zone")
    .option("--external-id <id>", "given on in the payload")
    .addOption(catchUpOption());
  withConnection(withJson(command))
    .addHelpText("after", examples('schedules update sched_01... --cron "0 10 * * *"'))
    .action(async (id: string, flags: Flags) => {
      const { task, cron, timezone, externalId, catchUp } = flags;
      if ([task, cron, timezone, externalId, catchUp].every((value) => value === undefined))
        throw new UsageError("nothing to change: give --task, --cron, --timezone, --external-id or --catch-up");
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const schedule = await schedules.update(id, { task, cron, timezone, catchUp, externalId });
      output.result(schedule, () => scheduleLines(schedule, output.style));
      cli.exitCode = EXIT.ok;
    });
}

import type { Command } from "commander";
import type { ScheduleSnapshot } from "../../schedule/schedule-snapshot.ts";
import { schedules } from "../../schedule/schedules.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { scheduleLines } from "../format/schedule-lines.ts";
import { addSchedulesCreateCommand } from "./schedules-create.ts";
import { addSchedulesListCommand } from "./schedules-list.ts";
import { addSchedulesUpdateCommand } from "./schedules-update.ts";

/** `windlass schedules ...` */
export function addSchedulesCommands(program: Command, cli: Cli): void {
  const parent = program.command("schedules").description("List, read, make, change and stop schedules.");
  addSchedulesListCommand(parent, cli);
  addCommand(parent, cli, "get", "Show a schedule as it is now.", (id) => schedules.retrieve(id));
  addSchedulesCreateCommand(parent, cli);
  addSchedulesUpdateCommand(parent, cli);
  addDeleteCommand(parent, cli);
  addCommand(parent, cli, "activate", "Let a schedule tick (again), from now on.", (id) => schedules.activate(id));
  addCommand(parent, cli, "deactivate", "Stop the ticks of a schedule.", (id) => schedules.deactivate(id));
}

function addCommand(
  parent: Command,
  cli: Cli,
  name: string,
  description: string,
  call: (id: string) => Promise<ScheduleSnapshot>,
): void {
  const command = parent.command(name).description(description).argument("<schedule>", "the schedule's id");
  withConnection(withJson(command))
    .addHelpText("after", examples(`schedules ${name} sched_01...`))
    .action(async (id: string, flags: CommonFlags) => {
      configureFrom(flags);
      const schedule = await call(id);
      const output = outputOf(cli, flags);
      output.result(schedule, () => scheduleLines(schedule, output.style));
      cli.exitCode = EXIT.ok;
    });
}

function addDeleteCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("delete")
    .description("Remove a schedule that no task declares; its runs stay.")
    .argument("<schedule>", "the schedule's id");
  withConnection(withJson(command))
    .addHelpText("after", examples("schedules delete sched_01..."))
    .action(async (id: string, flags: CommonFlags) => {
      configureFrom(flags);
      await schedules.del(id);
      outputOf(cli, flags).result({ deleted: id }, () => [`deleted ${id}`]);
      cli.exitCode = EXIT.ok;
    });
}

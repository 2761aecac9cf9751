import { type Command, Option } from "commander";
import { schedules } from "../../schedule/schedules.ts";
import type { Cli } from "../cli.ts";
import {
  type CommonFlags,
  configureFrom,
  examples,
  outputOf,
  wholeNumber,
  withConnection,
  withJson,
} from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { firstItems } from "../first-items.ts";
import { scheduleTable } from "../format/schedule-lines.ts";

interface Flags extends CommonFlags {
  readonly task?: string;
  readonly limit: number;
}

/** `windlass schedules list`: the newest, of one task or all. */
export function addSchedulesListCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List schedules, newest first.")
    .option("--task <id>", "only schedules of this task")
    .addOption(new Option("--limit <n>", "at most so many").default(50).argParser(wholeNumber(1, 10_000)));
  withConnection(withJson(command))
    .addHelpText("after", examples("schedules list", "schedules list --task report --json"))
    .action(async (flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const { task, limit } = flags;
      const { items, hasMore } = await firstItems(schedules.list({ task, limit: Math.min(limit, 1_000) }), limit);
      output.result({ schedules: items, hasMore }, () => scheduleTable(items, output.style));
      if (hasMore) output.note(`there are more than these ${limit}; --limit shows more`);
      cli.exitCode = EXIT.ok;
    });
}

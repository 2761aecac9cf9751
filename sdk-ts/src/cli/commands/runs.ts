import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { addRunsCancelCommand } from "./runs-cancel.ts";
import { addRunsGetCommand } from "./runs-get.ts";
import { addRunsListCommand } from "./runs-list.ts";
import { addRunsLogsCommand } from "./runs-logs.ts";
import { addRunsReplayCommand } from "./runs-replay.ts";
import { addRunsWatchCommand } from "./runs-watch.ts";

/** `windlass runs ...` */
export function addRunsCommands(program: Command, cli: Cli): void {
  const runs = program.command("runs").description("List, read, follow, cancel and replay runs of the environment.");
  addRunsListCommand(runs, cli);
  addRunsGetCommand(runs, cli);
  addRunsWatchCommand(runs, cli);
  addRunsLogsCommand(runs, cli);
  addRunsCancelCommand(runs, cli);
  addRunsReplayCommand(runs, cli);
}

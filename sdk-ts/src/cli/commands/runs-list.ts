import { type Command, InvalidArgumentError, Option } from "commander";
import type { RunStatusName } from "../../client/run-snapshot.ts";
import type { Cli } from "../cli.ts";
import {
  collectList,
  type CommonFlags,
  configureFrom,
  examples,
  outputOf,
  wholeNumber,
  withConnection,
  withJson,
} from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { runTable } from "../format/run-lines.ts";
import { newestRuns, RUN_STATUSES } from "../newest-runs.ts";
import { runSummary } from "../run-report.ts";

interface Flags extends CommonFlags {
  readonly status?: readonly RunStatusName[];
  readonly task?: string;
  readonly tag?: string;
  readonly batch?: string;
  readonly parent?: string;
  readonly limit: number;
}

/** `windlass runs list`: the newest runs that match. */
export function addRunsListCommand(runs: Command, cli: Cli): void {
  const command = runs
    .command("list")
    .description("List runs, newest first.")
    .addOption(new Option("--status <status...>", `only these: ${RUN_STATUSES.join(", ")}`).argParser(collectStatuses))
    .option("--task <id>", "only runs of this task")
    .option("--tag <tag>", "only runs with this tag")
    .option("--batch <id>", "only runs of this batch")
    .option("--parent <run>", "only runs triggered by this run")
    .addOption(new Option("--limit <n>", "at most so many").default(20).argParser(wholeNumber(1, 10_000)));
  withConnection(withJson(command))
    .addHelpText(
      "after",
      examples("runs list --status failed,crashed --limit 50", "runs list --task hello-world --json"),
    )
    .action(async (flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const { status, task, tag, batch, parent, limit } = flags;
      const found = await newestRuns({ status, taskIdentifier: task, tag, batch, parentRunId: parent }, limit);
      output.result({ runs: found.runs.map(runSummary), hasMore: found.hasMore }, () =>
        runTable(found.runs, output.style),
      );
      if (found.hasMore) output.note(`there are more than these ${limit}; --limit shows more`);
      cli.exitCode = EXIT.ok;
    });
}

function collectStatuses(text: string, previous: readonly RunStatusName[] = []): RunStatusName[] {
  const names = collectList(text).map((name) => name.toUpperCase().replaceAll("-", "_"));
  const unknown = names.find((name) => !RUN_STATUSES.includes(name as RunStatusName));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no status ${unknown}.`);
  return [...previous, ...(names as RunStatusName[])];
}

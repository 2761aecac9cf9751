import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../../client/duration.ts";
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
  readonly queue?: string;
  readonly taskVersion?: string;
  readonly schedule?: string;
  readonly test?: boolean;
  readonly from?: Date;
  readonly to?: Date;
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
    .option("--queue <name>", "only runs of this queue")
    .option("--task-version <version>", "only runs that this version executes")
    .option("--schedule <id>", "only runs triggered by this schedule")
    .option("--test", "only tests")
    .option("--no-test", "no tests")
    .addOption(new Option("--from <when>", `only runs triggered then or later: ${WHEN}`).argParser(parseWhen))
    .addOption(new Option("--to <when>", "only runs triggered before").argParser(parseWhen))
    .addOption(new Option("--limit <n>", "at most so many").default(20).argParser(wholeNumber(1, 10_000)));
  withConnection(withJson(command))
    .addHelpText(
      "after",
      examples(
        "runs list --status failed,crashed --from 1h",
        "runs list --task hello-world --no-test --json",
        "runs list --from 2027-01-31T09:00Z --to 2027-01-31T10:00Z",
      ),
    )
    .action(async (flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const { status, task, tag, batch, parent, queue, taskVersion: version, schedule, test, from, to, limit } = flags;
      const kind = { status, taskIdentifier: task, tag, queue, version, isTest: test };
      const found = await newestRuns({ ...kind, batch, parentRunId: parent, schedule, from, to }, limit);
      output.result({ runs: found.runs.map(runSummary), hasMore: found.hasMore }, () =>
        runTable(found.runs, output.style),
      );
      if (found.hasMore) output.note(`there are more than these ${limit}; --limit shows more`);
      cli.exitCode = EXIT.ok;
    });
}

const WHEN = 'a date as "2027-01-31T09:00:00Z", or so long ago as "1h30m"';

function parseWhen(text: string): Date {
  const agoMs = parseDurationMs(text);
  if (agoMs !== undefined) return new Date(Date.now() - agoMs);
  const date = new Date(/^\d{4}-\d\d-\d\d/u.test(text) ? text : Number.NaN);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError(`It must be ${WHEN}.`);
}

function collectStatuses(text: string, previous: readonly RunStatusName[] = []): RunStatusName[] {
  const names = collectList(text).map((name) => name.toUpperCase().replaceAll("-", "_"));
  const unknown = names.find((name) => !RUN_STATUSES.includes(name as RunStatusName));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no status ${unknown}.`);
  return [...previous, ...(names as RunStatusName[])];
}

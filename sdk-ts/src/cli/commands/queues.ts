import { type Command, Option } from "commander";
import type { QueueSnapshot } from "../../queue/queue-snapshot.ts";
import { queues } from "../../queue/queues.ts";
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
import { queueLines, queueTable } from "../format/queue-lines.ts";

interface ListFlags extends CommonFlags {
  readonly limit: number;
}

/** `windlass queues ...`: what waits where, and how much may run. */
export function addQueuesCommands(program: Command, cli: Cli): void {
  const parent = program.command("queues").description("Read queues, pause and resume them, change their limits.");
  addListCommand(parent, cli);
  addCommand(parent, cli, "get", "Show a queue as it is now.", (queue) => queues.retrieve(queue));
  addCommand(parent, cli, "pause", "Let none of a queue's runs begin; those that execute go on.", (queue) =>
    queues.pause(queue),
  );
  addCommand(parent, cli, "resume", "End a pause.", (queue) => queues.resume(queue));
  addLimitCommand(parent, cli);
  addCommand(parent, cli, "reset", "Go back to the limit that the tasks declare.", (queue) =>
    queues.resetConcurrencyLimit(queue),
  );
}

function addListCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List queues by name, with what waits and what executes.")
    .addOption(new Option("--limit <n>", "at most so many").default(100).argParser(wholeNumber(1, 10_000)));
  withConnection(withJson(command))
    .addHelpText("after", examples("queues list", "queues list --json | jq '.queues[] | select(.paused)'"))
    .action(async ({ limit, ...flags }: ListFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const { items, hasMore } = await firstItems(queues.list({ limit: Math.min(limit, 1_000) }), limit);
      output.result({ queues: items, hasMore }, () => queueTable(items, output.style));
      if (hasMore) output.note(`there are more than these ${limit}; --limit shows more`);
      cli.exitCode = EXIT.ok;
    });
}

function addLimitCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("limit")
    .description("Set a concurrency limit that holds instead of the declared one, until it is reset.")
    .argument("<queue>", `the queue's name; "task/<id>" for a task's own`)
    .argument("<runs>", "0 to 100,000 at once; 0 holds everything back", wholeNumber(0, 100_000));
  withConnection(withJson(command))
    .addHelpText("after", examples("queues limit emails 20", "queues limit task/hello-world 1 --json"))
    .action(async (queue: string, limit: number, flags: CommonFlags) => {
      configureFrom(flags);
      tell(cli, flags, await queues.overrideConcurrencyLimit(queue, limit));
    });
}

function addCommand(
  parent: Command,
  cli: Cli,
  name: string,
  description: string,
  call: (queue: string) => Promise<QueueSnapshot>,
): void {
  const command = parent
    .command(name)
    .description(description)
    .argument("<queue>", `the queue's name; "task/<id>" for a task's own`);
  withConnection(withJson(command))
    .addHelpText("after", examples(`queues ${name} emails`, `queues ${name} task/hello-world --json`))
    .action(async (queue: string, flags: CommonFlags) => {
      configureFrom(flags);
      tell(cli, flags, await call(queue));
    });
}

function tell(cli: Cli, flags: CommonFlags, queue: QueueSnapshot): void {
  const output = outputOf(cli, flags);
  output.result(queue, () => queueLines(queue, output.style));
  cli.exitCode = EXIT.ok;
}

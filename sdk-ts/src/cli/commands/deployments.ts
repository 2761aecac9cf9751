import { type Command, Option } from "commander";
import type { DeploymentSnapshot } from "../../deployment/deployment-snapshot.ts";
import { deployments } from "../../deployment/deployments.ts";
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
import { deploymentTable } from "../format/deployment-lines.ts";

interface ListFlags extends CommonFlags {
  readonly limit: number;
}

const RULES = `
Runs that have begun stay on their version, also when they are retried or wait. Others take the current version when they begin,
unless they were triggered with --pin. Schedules and queue settings are those that the current version declares.
`;

/** `windlass deployments list`, `windlass promote` and `windlass rollback`: which versions there are, and which is current. */
export function addDeploymentsCommands(program: Command, cli: Cli): void {
  const parent = program.command("deployments").description("List the versions of the environment.");
  addListCommand(parent, cli);
  addPromoteCommand(program, cli);
  addRollbackCommand(program, cli);
}

function addListCommand(parent: Command, cli: Cli): void {
  const command = parent
    .command("list")
    .description("List versions, newest first: when each was deployed, and which one it replaced.")
    .addOption(new Option("--limit <n>", "at most so many").default(20).argParser(wholeNumber(1, 10_000)));
  withConnection(withJson(command))
    .addHelpText("after", examples("deployments list", "deployments list --json | jq -r '.deployments[].version'"))
    .action(async ({ limit, ...flags }: ListFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const { items, hasMore } = await firstItems(deployments.list({ limit: Math.min(limit, 100) }), limit);
      output.result({ deployments: items, hasMore }, () => deploymentTable(items, output.style));
      if (hasMore) output.note(`there are more than these ${limit}; --limit shows more`);
      cli.exitCode = EXIT.ok;
    });
}

function addPromoteCommand(program: Command, cli: Cli): void {
  const command = program
    .command("promote")
    .description("Make a version current that was deployed earlier, older or newer than the one that is.")
    .argument("<version>", '"windlass deployments list" has them');
  withConnection(withJson(command))
    .addHelpText("after", examples("promote 20261123.2", "promote 20261123.2 --json"))
    .addHelpText("after", RULES)
    .action(async (version: string, flags: CommonFlags) => {
      configureFrom(flags);
      tell(cli, flags, await deployments.promote(version));
    });
}

function addRollbackCommand(program: Command, cli: Cli): void {
  const command = program
    .command("rollback")
    .description("Leave the current version for the one that it replaced, or for the older one that is named.")
    .argument("[version]", "an older version (default: the one that the current version replaced)");
  withConnection(withJson(command))
    .addHelpText("after", examples("rollback", "rollback 20261123.1 --json"))
    .addHelpText("after", RULES)
    .action(async (to: string | undefined, flags: CommonFlags) => {
      configureFrom(flags);
      const from = await deployments.retrieveCurrent();
      const now = await deployments.rollback({ from, to });
      tell(cli, flags, now, from.version);
    });
}

function tell(cli: Cli, flags: CommonFlags, now: DeploymentSnapshot, from?: string): void {
  const output = outputOf(cli, flags);
  output.result({ ...now, ...(from !== undefined && { from }) }, () => [`${now.version}  current`]);
  if (from !== undefined && from !== now.version)
    output.note(`left ${from}: its runs that have begun end on it, those that wait take ${now.version}`);
  cli.exitCode = EXIT.ok;
}

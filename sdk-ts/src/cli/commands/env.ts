import type { Command } from "commander";
import {
  deleteVariables,
  getEnvironment,
  listVariables,
  setConcurrencyLimit,
  setVariables,
} from "../api/environments.ts";
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
import { oneLine } from "../format/plain-text.ts";
import { tableLines } from "../format/table.ts";
import { readEnvFile } from "../read-env-file.ts";
import { UsageError } from "../usage-error.ts";

interface ListFlags extends CommonFlags {
  readonly values?: boolean;
}

interface SetFlags extends CommonFlags {
  readonly file?: string;
}

/** `windlass env ...`: the variables that tasks of the environment find, and how many runs it executes at once. */
export function addEnvCommands(program: Command, cli: Cli): void {
  const env = program
    .command("env")
    .description(
      "The environment variables that tasks find (workers started later have them), and the environment's limit.",
    );
  addListCommand(env, cli);
  addSetCommand(env, cli);
  addUnsetCommand(env, cli);
  addLimitCommand(env, cli);
}

function addListCommand(env: Command, cli: Cli): void {
  const command = env
    .command("list")
    .description("List the names of the variables.")
    .option("--values", "show their values too");
  withConnection(withJson(command))
    .addHelpText("after", examples("env list", "env list --values --json"))
    .action(async (flags: ListFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const variables = Object.entries(await listVariables()).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const isShown = flags.values === true;
      output.result({ variables: variables.map(([name, value]) => (isShown ? { name, value } : { name })) }, () =>
        tableLines(variables.map(([name, value]) => (isShown ? [name, oneLine(value)] : [name]))),
      );
      if (variables.length === 0) output.note("no variables are set");
      cli.exitCode = EXIT.ok;
    });
}

function addSetCommand(env: Command, cli: Cli): void {
  const command = env
    .command("set")
    .description("Set variables; others stay.")
    .argument("[name=value...]", "one or more")
    .option("--file <file>", "also those of a .env file");
  withConnection(withJson(command))
    .addHelpText("after", examples("env set API_TOKEN=abc REGION=eu", "env set --file .env.production"))
    .action(async (pairs: readonly string[], flags: SetFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const fromFile = flags.file === undefined ? {} : await readEnvFile("--file", flags.file);
      const variables = { ...fromFile, ...parsePairs(pairs) };
      const names = Object.keys(variables);
      if (names.length === 0) throw new UsageError("nothing to set: give NAME=value, or --file");
      await setVariables(variables);
      output.result({ set: names }, () => [`set ${names.join(", ")}`]);
      cli.exitCode = EXIT.ok;
    });
}

function addUnsetCommand(env: Command, cli: Cli): void {
  const command = env.command("unset").description("Remove variables.").argument("<name...>", "one or more");
  withConnection(withJson(command))
    .addHelpText("after", examples("env unset API_TOKEN REGION"))
    .action(async (names: readonly string[], flags: CommonFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      await deleteVariables(names);
      output.result({ unset: names }, () => [`unset ${names.join(", ")}`]);
      cli.exitCode = EXIT.ok;
    });
}

function addLimitCommand(env: Command, cli: Cli): void {
  const command = env
    .command("limit")
    .description("Show, set or remove how many runs of the environment may execute at once.")
    .argument("[runs]", 'a number from 0, or "none"', parseLimit);
  withConnection(withJson(command))
    .addHelpText("after", examples("env limit", "env limit 100", "env limit none"))
    .action(async (limit: number | "none" | undefined, flags: CommonFlags) => {
      configureFrom(flags);
      const environment =
        limit === undefined ? await getEnvironment() : await setConcurrencyLimit(limit === "none" ? undefined : limit);
      const { slug, concurrencyLimit } = environment;
      outputOf(cli, flags).result({ environment: slug, concurrencyLimit: concurrencyLimit ?? null }, () => [
        `${slug}  ${concurrencyLimit === undefined ? "without limit" : `at most ${concurrencyLimit} at once`}`,
      ]);
      cli.exitCode = EXIT.ok;
    });
}

function parseLimit(text: string): number | "none" {
  return text === "none" ? text : wholeNumber(0, 1_000_000)(text);
}

/** { NAME: "value" } of "NAME=value"; a value may hold "=". Throws UsageError for anything else. */
function parsePairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`"${pair}" is not of the form NAME=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

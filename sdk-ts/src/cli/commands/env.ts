import { type Command, Option } from "commander";
import { envvars } from "../../environment/envvars.ts";
import { deleteVariables, getEnvironment, listVariables, setConcurrencyLimit } from "../api/environments.ts";
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
import { readBounded } from "../read-bounded.ts";
import { readEnvFile, readEnvStream } from "../read-env-file.ts";
import { UsageError } from "../usage-error.ts";

interface ListFlags extends CommonFlags {
  readonly values?: boolean;
}

interface SecrecyFlags extends CommonFlags {
  readonly secret?: boolean;
  readonly plain?: boolean;
}

interface SetFlags extends SecrecyFlags {
  readonly stdin?: boolean;
}

interface ImportFlags extends SecrecyFlags {
  readonly onlyNew?: boolean;
}

/** `windlass env ...`: the variables that tasks of the environment find, and how many runs it executes at once. */
export function addEnvCommands(program: Command, cli: Cli): void {
  const env = program
    .command("env")
    .description(
      "The environment variables that tasks find (workers started later have them), and the environment's limit.",
    );
  addListCommand(env, cli);
  addGetCommand(env, cli);
  addSetCommand(env, cli);
  addImportCommand(env, cli);
  addUnsetCommand(env, cli);
  addLimitCommand(env, cli);
}

function addListCommand(env: Command, cli: Cli): void {
  const command = env
    .command("list")
    .description("List the names of the variables, and which are secrets.")
    .option("--values", "show all values too");
  withConnection(withJson(command))
    .addHelpText("after", examples("env list", "env list --values --json"))
    .action(async (flags: ListFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const isShown = flags.values === true;
      const variables = isShown ? await listVariables() : await envvars.list();
      const shown = variables.map(({ name, value, isSecret }) => ({ name, isSecret, ...(isShown && { value }) }));
      output.result({ variables: shown }, () =>
        tableLines(
          variables.map(({ name, value, isSecret }) => [
            name,
            isSecret ? "secret" : "plain",
            ...(isShown ? [oneLine(value)] : []),
          ]),
        ),
      );
      if (variables.length === 0) output.note("no variables are set");
      cli.exitCode = EXIT.ok;
    });
}

function addGetCommand(env: Command, cli: Cli): void {
  const command = env
    .command("get")
    .description("Print the value of a variable, a secret's too.")
    .argument("<name>", "which");
  withConnection(withJson(command))
    .addHelpText("after", examples("env get API_TOKEN"))
    .action(async (name: string, flags: CommonFlags) => {
      configureFrom(flags);
      const variable = await envvars.retrieve(name);
      outputOf(cli, flags).result(variable, () => [variable.value]);
      cli.exitCode = EXIT.ok;
    });
}

function addSetCommand(env: Command, cli: Cli): void {
  const command = env
    .command("set")
    .description("Set variables; others stay.")
    .argument("[name=value...]", "one or more; with --stdin one name")
    .option("--stdin", "read the value from standard input, so that no list of processes and no history has it");
  withConnection(withJson(withSecrecy(command)))
    .addHelpText("after", examples("env set API_TOKEN --stdin < token.txt", "env set REGION=eu LOG=debug --plain"))
    .action(async (pairs: readonly string[], flags: SetFlags) => {
      configureFrom(flags);
      const variables = flags.stdin === true ? await readValue(pairs, cli) : parsePairs(pairs);
      await upload(variables, flags, cli);
    });
}

function addImportCommand(env: Command, cli: Cli): void {
  const command = env
    .command("import")
    .description("Set the variables of a .env file; others stay.")
    .argument("<file>", 'the file, or "-" for standard input')
    .option("--only-new", "set none when one of them is set already");
  withConnection(withJson(withSecrecy(command)))
    .addHelpText("after", examples("env import .env.production", "env import --plain --only-new defaults.env"))
    .action(async (file: string, flags: ImportFlags) => {
      configureFrom(flags);
      const variables = file === "-" ? await readEnvStream(cli.stdin) : await readEnvFile("<file>", file);
      await upload(variables, flags, cli);
    });
}

function withSecrecy(command: Command): Command {
  return command
    .addOption(new Option("--secret", "keep the values out of logs and errors of tasks (new ones are, unless told)"))
    .addOption(new Option("--plain", "they are no secrets").conflicts("secret"));
}

/** Sets variables as the flags say, and prints their names. */
async function upload(variables: Record<string, string>, flags: ImportFlags, cli: Cli): Promise<void> {
  const names = Object.keys(variables);
  if (names.length === 0) throw new UsageError("nothing to set: there is no NAME=value");
  const isSecret = flags.plain === true ? false : flags.secret;
  await envvars.upload({ variables, override: flags.onlyNew !== true, isSecret });
  outputOf(cli, flags).result({ set: names }, () => [`set ${names.join(", ")}`]);
  cli.exitCode = EXIT.ok;
}

/** The value of the one name that is given, without the newline that ends it. */
async function readValue(names: readonly string[], cli: Cli): Promise<Record<string, string>> {
  const [name] = names;
  if (name === undefined || names.length > 1 || name.includes("="))
    throw new UsageError("--stdin takes one name, without a value");
  return { [name]: (await readBounded("standard input", cli.stdin)).replace(/\r?\n$/u, "") };
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
    pairs.map((pair, index) => {
      const at = pair.indexOf("=");
      // It may be a value that was to be a secret: it is not repeated.
      if (at < 1) throw new UsageError(`argument ${index + 1} is not of the form NAME=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

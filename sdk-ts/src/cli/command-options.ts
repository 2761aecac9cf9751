import { type Command, InvalidArgumentError, Option } from "commander";
import { configure } from "../client/connection.ts";
import type { Cli } from "./cli.ts";
import { createOutput, type Output } from "./output.ts";

/** The flags that commands have in common. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly url?: string;
  readonly apiKey?: string;
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_S = 10;

/** Adds --json. */
export function withJson(command: Command, what = "one JSON value"): Command {
  return command.option("--json", `print ${what} on stdout; remarks go to stderr`);
}

/** Adds the flags that say which cluster, and as whom. */
export function withConnection(command: Command): Command {
  return command
    .addOption(new Option("--url <address>", "the cluster, for example 127.0.0.1:7070 (default: WINDLASS_URL)"))
    .addOption(new Option("--api-key <key>", "decides the environment (default: WINDLASS_API_KEY)"))
    .addOption(
      new Option("--timeout <seconds>", "how long a call may take").default(DEFAULT_TIMEOUT_S).argParser(parseSeconds),
    );
}

/** A number of seconds above 0. */
function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds above 0, at most a day.");
}

/** Makes the parser of a whole number in a range. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** For options that may be given several times, or once with commas. */
export function collectList(text: string, previous: readonly string[] = []): string[] {
  return [...previous, ...text.split(",").map((item) => item.trim())].filter((item) => item !== "");
}

/** For options that may be given several times, each one value. */
export function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** Tells the SDK which cluster the flags name; what they leave out the environment says. */
export function configureFrom(flags: CommonFlags): void {
  configure({
    timeoutMs: (flags.timeout ?? DEFAULT_TIMEOUT_S) * 1_000,
    ...(flags.url !== undefined && { url: flags.url }),
    ...(flags.apiKey !== undefined && { apiKey: flags.apiKey }),
  });
}

export function outputOf(cli: Cli, flags: CommonFlags): Output {
  return createOutput(cli.stdout, cli.stderr, flags.json === true);
}

/** The examples under a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ windlass ${line}`).join("\n")}\n`;
}

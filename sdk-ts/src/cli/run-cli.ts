import { setTimeout as delay } from "node:timers/promises";
import { CommanderError } from "commander";
import { close } from "../client/connection.ts";
import type { Cli, Surroundings } from "./cli.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { describeFailure, failureLines } from "./failure.ts";
import { createOutput } from "./output.ts";
import { createProgram } from "./program.ts";
import { EndedEarly } from "./signals.ts";

/** How long a command may take to let go once it shall end: to end processes it has started, say. */
const LET_GO_MS = 3_000;

/** Runs one command. Resolves with the exit code once all is said; throws nothing. */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const cli: Cli = { ...surroundings, exitCode: EXIT.ok };
  const output = createOutput(cli.stdout, cli.stderr, wantsJson(args));
  const done = new AbortController();
  try {
    await Promise.race([createProgram(cli).parseAsync([...args], { from: "user" }), gaveUp(cli.signal, done.signal)]);
    return cli.exitCode;
  } catch (error) {
    if (cli.signal.aborted) return earlyExitCode(cli.signal);
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok; // --help, --version
    const failure = describeFailure(error);
    if (output.isJson) output.result({ error: failure }, () => []);
    if (!(error instanceof CommanderError)) {
      for (const line of failureLines(failure)) output.note(line);
    }
    return error instanceof CommanderError ? EXIT.wrongRequest : exitCodeOf(error);
  } finally {
    done.abort();
    await close();
    await output.flushed();
  }
}

/** Whether a program reads the output, known before anything is parsed: a wrong command line is answered with JSON too. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).includes("--json");
}

/** Rejects a while after the command should have ended early. */
async function gaveUp(signal: AbortSignal, done: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await delay(LET_GO_MS, undefined, { signal: done }).catch(() => {});
  throw signal.reason;
}

function earlyExitCode(signal: AbortSignal): number {
  return signal.reason instanceof EndedEarly ? signal.reason.exitCode : EXIT.interrupted;
}

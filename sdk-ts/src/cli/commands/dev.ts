import { relative } from "node:path";
import type { Command } from "commander";
import { getEnvironment } from "../api/environments.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { deployChanges, type DeployListener } from "../dev/deploy-changes.ts";
import { followEnvironment } from "../dev/follow-environment.ts";
import { EXIT } from "../exit-code.ts";
import { describeFailure, failureLines } from "../failure.ts";
import { formatDuration } from "../format/duration.ts";
import { eventLine, timeOfDay } from "../format/event-line.ts";
import { oneLine } from "../format/plain-text.ts";
import type { Output } from "../output.ts";
import { readEnvFile } from "../read-env-file.ts";
import { findTaskFolder } from "../task-folder.ts";
import { UsageError } from "../usage-error.ts";
import { taskJson } from "./tasks.ts";

interface Flags extends CommonFlags {
  readonly dir?: string;
  readonly envFile?: string;
  readonly anyEnvironment?: boolean;
}

/** `windlass dev`: every change of the task folder becomes a version, and what its runs do is shown as it happens. */
export function addDevCommand(program: Command, cli: Cli): void {
  const command = program
    .command("dev")
    .description("Deploy a task folder whenever it changes, and show what runs do. The running cluster executes them.")
    .option(
      "--dir <folder>",
      "the task folder, or a project with a config (default: here with a config, else trigger, src/trigger or tasks)",
    )
    .option("--env-file <file>", "variables that the task files find while their tasks are listed; they are not stored")
    .option("--any-environment", "also in an environment that is not for development");
  withConnection(withJson(command, "one JSON value a line"))
    .addHelpText("after", examples("dev", "dev --dir tasks", "dev --json | jq -c 'select(.type == \"version\")'"))
    .action(async (flags: Flags) => {
      cli.exitCode = await dev(cli, flags);
    });
}

async function dev(cli: Cli, flags: Flags): Promise<number> {
  configureFrom(flags);
  const output = outputOf(cli, flags);
  const folder = await findTaskFolder(flags.dir);
  const env = flags.envFile === undefined ? {} : await readEnvFile("--env-file", flags.envFile);
  const environment = await getEnvironment();
  if (environment.type !== "DEVELOPMENT" && flags.anyEnvironment !== true) {
    throw new UsageError(
      `the API key is of ${environment.slug}, a ${environment.type} environment; dev deploys every change, so use the key of a DEVELOPMENT environment, or --any-environment if you mean it`,
    );
  }
  const { signal } = cli;
  const name = relative(process.cwd(), folder) || ".";
  output.note(`watching ${name} for ${environment.slug}; Ctrl-C stops watching, and no run`);
  // Whichever of the two fails ends the other, so that nothing is left behind.
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const orEndBoth = (error: unknown): never => {
    failed.abort();
    throw error;
  };
  await Promise.all([
    deployChanges(folder, { env, signal: both, listener: deployListener(output) }).catch(orEndBoth),
    followEnvironment(both, {
      onEvent: (run, event) => {
        output.item({ type: "run", run: run.id, task: run.taskIdentifier, event }, () => [
          `${eventLine(event, output.style)}  ${output.style("dim", `${oneLine(run.taskIdentifier, 60)} ${run.id}`)}`,
        ]);
      },
      onRemark: (text) => output.note(oneLine(text)),
    }).catch(orEndBoth),
  ]);
  output.note("stopped watching; the last version stays deployed, and its runs go on");
  return signal.reason instanceof Error && "exitCode" in signal.reason && signal.reason.exitCode === EXIT.brokenPipe
    ? EXIT.brokenPipe
    : EXIT.ok; // Ctrl-C is how this command ends.
}

function deployListener(output: Output): DeployListener {
  const line = (text: string): string => `${output.style("dim", timeOfDay(new Date()))}  ${text}`;
  return {
    onVersion: ({ id, version, tasks }, tookMs) =>
      output.item({ type: "version", version, id, tasks: tasks.map(taskJson), durationMs: Math.round(tookMs) }, () => [
        line(
          `${output.style(["green", "bold"], `version ${version}`)}  ${tasks.map((task) => oneLine(task.id, 80)).join(", ")}  ${output.style("dim", formatDuration(tookMs))}`,
        ),
      ]),
    onRemark: (remark) => output.note(oneLine(remark)),
    onUnchanged: (version) =>
      output.item({ type: "unchanged", version }, () => [line(output.style("dim", `version ${version} is unchanged`))]),
    onFailure: (error) => {
      const failure = describeFailure(error);
      output.item({ type: "error", ...failure }, () => {
        const [first = "", ...others] = failureLines(failure);
        return [line(output.style("red", first)), ...others, "the former version stays current"];
      });
    },
  };
}

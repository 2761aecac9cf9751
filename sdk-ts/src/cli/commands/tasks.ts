import type { TaskDefinition } from "@windlass/proto";
import type { Command } from "commander";
import { getCurrentDeployment } from "../api/deployments.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { oneLine } from "../format/plain-text.ts";
import { tableLines } from "../format/table.ts";

/** `windlass tasks`: what the current version contains. */
export function addTasksCommand(program: Command, cli: Cli): void {
  const command = program.command("tasks").description("List the tasks of the current version.");
  withConnection(withJson(command))
    .addHelpText("after", examples("tasks", "tasks --json | jq -r '.tasks[].id'"))
    .action(async (flags: CommonFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const deployment = await getCurrentDeployment();
      const tasks = deployment?.tasks ?? [];
      output.result({ version: deployment?.version ?? null, tasks: tasks.map(taskJson) }, () => taskTable(tasks));
      output.note(
        deployment === undefined
          ? 'nothing has been deployed to this environment; "windlass deploy" does it'
          : `version ${deployment.version}, ${tasks.length} task${tasks.length === 1 ? "" : "s"}`,
      );
      cli.exitCode = EXIT.ok;
    });
}

function taskTable(tasks: readonly TaskDefinition[]): string[] {
  return tableLines(
    tasks.map(({ id, filePath, exportName, description }) => [
      oneLine(id, 80),
      oneLine(exportName === "" ? filePath : `${filePath} ${exportName}`, 100),
      oneLine(description, 100),
    ]),
  );
}

/** A task as --json prints it; what is not set is left out. */
export function taskJson(task: TaskDefinition): Record<string, unknown> {
  const { id, filePath, exportName, description, queue, retry, maxDurationSeconds, machine, needsFreshProcess } = task;
  const { queueConcurrencyLimit, queueMaxLength, cron, payloadSchemaJson } = task;
  return {
    id,
    filePath,
    ...(exportName !== "" && { exportName }),
    ...(description !== "" && { description }),
    queue: queue || `task/${id}`,
    ...(queueConcurrencyLimit !== undefined && { queueConcurrencyLimit }),
    ...(queueMaxLength !== undefined && { queueMaxLength }),
    ...(cron !== undefined && { cron: cron.expression, timezone: cron.timezone || "UTC" }),
    ...(retry !== undefined && { maxAttempts: retry.maxAttempts }),
    ...(maxDurationSeconds !== 0 && { maxDurationSeconds }),
    machine: machine || "small-1x",
    ...(needsFreshProcess && { isolation: "fresh" }),
    ...(payloadSchemaJson !== "" && { payloadSchema: JSON.parse(payloadSchemaJson) as unknown }),
  };
}

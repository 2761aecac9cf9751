import type { Command } from "commander";
import { type BatchSnapshot, retrieveBatch } from "../../client/batches.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { factLines } from "../format/fact-lines.ts";
import { oneLine } from "../format/plain-text.ts";
import { tableLines } from "../format/table.ts";
import type { Output } from "../output.ts";

/** `windlass batches ...`: runs that were triggered together. */
export function addBatchesCommands(program: Command, cli: Cli): void {
  const batches = program.command("batches").description("Read batches: runs that were triggered together.");
  const command = batches
    .command("get")
    .description("Show how far a batch is, and which items the cluster refused.")
    .argument("<batch>", "the batch's id");
  withConnection(withJson(command))
    .addHelpText("after", examples("batches get batch_01...", "runs list --batch batch_01... --status failed"))
    .action(async (id: string, flags: CommonFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const batch = await retrieveBatch(id);
      output.result(batch, () => batchLines(batch, output.style));
      cli.exitCode = EXIT.ok;
    });
}

function batchLines(batch: BatchSnapshot, style: Output["style"]): string[] {
  const facts = factLines(
    [
      ["batch", batch.id],
      ["status", style("bold", batch.status)],
      ["created", batch.createdAt.toISOString()],
      ["runs", String(batch.runCount)],
      ["completed", String(batch.completedCount)],
      ["unsuccessful", String(batch.unsuccessfulCount)],
      ["failed items", String(batch.failedItemCount)],
    ],
    style,
  );
  const rows = batch.failedItems.map(({ taskIdentifier, reason, message }) => [
    `  ${oneLine(taskIdentifier, 60)}`,
    reason,
    oneLine(message),
  ]);
  return [...facts, ...tableLines(rows)];
}

import { type Command } from "commander";
import { tasks } from "../../task/tasks.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { noteThatRunGoesOn, waitForEnd } from "../follow-run.ts";
import { oneLine } from "../format/plain-text.ts";
import { readPayload } from "../read-payload.ts";
import { type TriggerFlags, triggerOptionsFrom, withTriggerFlags } from "../trigger-flags.ts";

interface Flags extends CommonFlags, TriggerFlags {
  readonly payload?: string;
  readonly wait?: boolean;
}

/** `windlass trigger <task>`: makes a run, and with --wait follows it to its end. */
export function addTriggerCommand(program: Command, cli: Cli): void {
  const command = program
    .command("trigger")
    .description("Trigger a task of the environment.")
    .argument("<task>", "the task's id")
    .option(
      "--payload <json>",
      'JSON, "@file" for a file of it, "-" for standard input; without it there is no payload',
    )
    .option("--wait", "follow the run to its end: exit code 0 when it is COMPLETED, 1 for any other end");
  withConnection(withJson(withTriggerFlags(command)))
    .addHelpText(
      "after",
      examples(
        `trigger hello-world --payload '{"message":"Hi"}'`,
        "trigger import --payload @orders.json --wait --max-attempts 1",
        "echo '[1,2]' | windlass trigger sum --payload - --wait --json",
        `trigger remind --delay 1h30m --tag user-7 --idempotency-key order-4711`,
      ),
    )
    .action(async (task: string, flags: Flags) => {
      cli.exitCode = await trigger(cli, task, flags);
    });
}

async function trigger(cli: Cli, task: string, flags: Flags): Promise<number> {
  const output = outputOf(cli, flags);
  const options = triggerOptionsFrom(flags);
  const payload = flags.payload === undefined ? undefined : await readPayload("--payload", flags.payload, cli.stdin);
  configureFrom(flags);
  const handle = await tasks.trigger(task, payload, options);
  const what = handle.isCached ? `${oneLine(task)} had been triggered with this key` : `triggered ${oneLine(task)}`;
  if (flags.wait !== true) {
    output.result({ id: handle.id, task: handle.taskIdentifier, isCached: handle.isCached }, () => [handle.id]);
    output.note(`${what}; "windlass runs watch ${handle.id}" follows it`);
    return EXIT.ok;
  }
  output.note(`${what}: ${handle.id}`);
  using _ = noteThatRunGoesOn(handle.id, output, cli.signal);
  return await waitForEnd(handle.id, output, cli.signal);
}

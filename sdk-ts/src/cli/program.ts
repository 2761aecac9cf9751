import { Command } from "commander";
import { SDK_VERSION } from "../version.ts";
import type { Cli } from "./cli.ts";
import { examples } from "./command-options.ts";
import { addBatchesCommands } from "./commands/batches.ts";
import { addDeployCommand } from "./commands/deploy.ts";
import { addDeploymentsCommands } from "./commands/deployments.ts";
import { addDevCommand } from "./commands/dev.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEnvCommands } from "./commands/env.ts";
import { addInitCommand } from "./commands/init.ts";
import { addQueuesCommands } from "./commands/queues.ts";
import { addRunsCommands } from "./commands/runs.ts";
import { addSchedulesCommands } from "./commands/schedules.ts";
import { addTasksCommand } from "./commands/tasks.ts";
import { addTokensCommands } from "./commands/tokens.ts";
import { addTriggerCommand } from "./commands/trigger.ts";

const EXIT_CODES = `
Exit codes:
  0    all is well
  1    the run, or the operation, ended badly
  2    the request was wrong: usage, payload, an unknown run, no valid API key
  3    the cluster cannot be reached
  130  ended early by Ctrl-C

Environment:
  WINDLASS_URL, WINDLASS_API_KEY   which cluster, and as whom (then TRIGGER_API_URL, TRIGGER_SECRET_KEY)
  NO_COLOR                         no colours, also on a terminal
`;

/** The whole command line. What it throws is for runCli to tell. */
export function createProgram(cli: Cli): Command {
  const program = new Command("windlass")
    .description("Write, deploy, trigger and follow durable background tasks.")
    .version(SDK_VERSION, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void cli.stderr.write(text),
    })
    .showHelpAfterError("(--help tells more)")
    .addHelpText(
      "after",
      examples("init", "dev --dir trigger", `trigger hello-world --payload '{"message":"Hi"}' --wait`, "doctor"),
    )
    .addHelpText("after", EXIT_CODES);
  addInitCommand(program, cli);
  addDevCommand(program, cli);
  addDeployCommand(program, cli);
  addDeploymentsCommands(program, cli);
  addTasksCommand(program, cli);
  addTriggerCommand(program, cli);
  addRunsCommands(program, cli);
  addBatchesCommands(program, cli);
  addQueuesCommands(program, cli);
  addSchedulesCommands(program, cli);
  addEnvCommands(program, cli);
  addTokensCommands(program, cli);
  addDoctorCommand(program, cli);
  return program;
}

import { relative } from "node:path";
import { type Command } from "commander";
import { deploy } from "../../build/deploy.ts";
import { configured } from "../../client/client-config.ts";
import { getEnvironment } from "../api/environments.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { oneLine } from "../format/plain-text.ts";
import { readEnvFile } from "../read-env-file.ts";
import { findTaskFolder } from "../task-folder.ts";
import { taskJson } from "./tasks.ts";

interface Flags extends CommonFlags {
  readonly dir?: string;
  readonly envFile?: string;
}

/** An upload of 64 MB takes longer than other calls may. */
export const UPLOAD_TIMEOUT_MS = 300_000;

/** `windlass deploy`: makes a task folder the environment's current version. */
export function addDeployCommand(program: Command, cli: Cli): void {
  const command = program
    .command("deploy")
    .description("Bundle a task folder and make it the current version of the environment.")
    .option(
      "--dir <folder>",
      "the task folder, or a project with a config (default: here with a config, else trigger, src/trigger or tasks)",
    )
    .option(
      "--env-file <file>",
      "variables that the task files find while their tasks are listed; they are not stored",
    );
  withConnection(withJson(command))
    .addHelpText(
      "after",
      `
What cannot be built, loaded or indexed is not deployed, and the former version stays current. Runs that have begun stay on their version; others
take the new one when they begin. "windlass rollback" leads back to the former version.
`,
    )
    .addHelpText("after", examples("deploy", "deploy --dir tasks --json", "deploy --env-file .env"))
    .action(async (flags: Flags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const folder = await findTaskFolder(flags.dir);
      const env = flags.envFile === undefined ? {} : await readEnvFile("--env-file", flags.envFile);
      const environment = await getEnvironment(); // A wrong key is told before anything is built.
      output.note(`deploying ${relative(process.cwd(), folder) || "."} to ${environment.slug}`);
      const config = { ...configured.config, timeoutMs: UPLOAD_TIMEOUT_MS };
      const deployment = await deploy(folder, config, {
        env,
        signal: cli.signal,
        onRemark: (remark) => output.note(oneLine(remark)),
      });
      const { id, version, tasks } = deployment;
      output.result({ id, version, environment: environment.slug, tasks: tasks.map(taskJson) }, () => [
        `${version}  ${tasks.map((task) => oneLine(task.id, 80)).join(", ")}`,
      ]);
      if (deployment.replacedVersion !== "")
        output.note(`"windlass rollback" leads back to ${deployment.replacedVersion}`);
      cli.exitCode = EXIT.ok;
    });
}

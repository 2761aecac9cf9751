import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import type { Check } from "../doctor/check.ts";
import { checkConfiguration, checkVersions } from "../doctor/check-configuration.ts";
import { checkEnvironment } from "../doctor/check-environment.ts";
import { checkServer } from "../doctor/check-server.ts";
import { EXIT } from "../exit-code.ts";
import { plainText } from "../format/plain-text.ts";
import type { Output, Style } from "../output.ts";

/** `windlass doctor`: what works, what does not, and how to mend it. */
export function addDoctorCommand(program: Command, cli: Cli): void {
  const command = program
    .command("doctor")
    .description(
      "Look whether everything works, and say how to mend what does not. Exit code 1 when something is wrong.",
    );
  withConnection(withJson(command))
    .addHelpText("after", examples("doctor", "doctor --url https://windlass.example.com --json"))
    .action(async (flags: CommonFlags) => {
      configureFrom(flags);
      const output = outputOf(cli, flags);
      const checks = await examine();
      const isHealthy = checks.every(({ status }) => status !== "wrong");
      output.result({ isHealthy, checks }, () => checks.flatMap((check) => checkLines(check, output)));
      cli.exitCode = isHealthy ? EXIT.ok : EXIT.endedBadly;
    });
}

/** Each step makes sense only when the one before went well. */
async function examine(): Promise<Check[]> {
  const configuration = checkConfiguration(process.env);
  const checks = [checkVersions(), configuration];
  if (configuration.status === "wrong") return checks;
  const server = await checkServer();
  checks.push(...server.checks);
  if (server.isReached) checks.push(...(await checkEnvironment()));
  return checks;
}

const STYLES: Readonly<Record<Check["status"], Style>> = { ok: "green", warning: "yellow", wrong: ["red", "bold"] };

function checkLines({ name, status, found, mend }: Check, { style }: Output): string[] {
  const line = `${style(STYLES[status], status.padEnd(7))}  ${style("bold", name.padEnd(13))}  ${plainText(found)}`;
  return mend === undefined ? [line] : [line, `${" ".repeat(24)}${plainText(mend)}`];
}

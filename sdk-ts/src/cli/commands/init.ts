import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import type { Cli } from "../cli.ts";
import { type CommonFlags, examples, outputOf, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { templates } from "../init/templates.ts";
import { UsageError } from "../usage-error.ts";

/** `windlass init [dir]`: a task folder to begin with. */
export function addInitCommand(program: Command, cli: Cli): void {
  const command = program
    .command("init")
    .description("Make a task folder with an example, configuration and tsconfig.json. Never overwrites a file.")
    .argument("[dir]", "the project's folder", ".");
  withJson(command)
    .addHelpText("after", examples("init", "init my-project"))
    .action(async (dir: string, flags: CommonFlags) => {
      const output = outputOf(cli, flags);
      const { created, kept } = await scaffold(resolve(dir));
      output.result({ created, kept }, () => created.map((path) => `created ${join(dir, path)}`));
      for (const path of kept) output.note(`kept ${join(dir, path)}: it was there`);
      for (const line of hints(relative(process.cwd(), resolve(dir)), kept)) output.note(line);
      cli.exitCode = EXIT.ok;
    });
}

/** Writes what is missing. Throws UsageError when the folder cannot be written to. */
async function scaffold(folder: string): Promise<{ created: string[]; kept: string[] }> {
  const created: string[] = [];
  const kept: string[] = [];
  for (const { path, content } of templates(projectName(folder))) {
    const target = join(folder, path);
    try {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content, { flag: "wx" });
      created.push(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new UsageError(`${target} cannot be written: ${(error as Error).message}`, { cause: error });
      }
      kept.push(path);
    }
  }
  return { created, kept };
}

/** The folder's name, with what a project's name may not hold left out. */
function projectName(folder: string): string {
  return (
    basename(folder)
      .replace(/[^\w-]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 128) || "my-project"
  );
}

function hints(folder: string, kept: readonly string[]): string[] {
  return [
    ...(kept.includes("tsconfig.json")
      ? ['tsconfig.json: have "module": "nodenext" and "erasableSyntaxOnly": true, and include the folder "trigger"']
      : []),
    `next: windlass dev${folder === "" ? "" : ` --dir ${folder}`}`,
    `then: windlass trigger hello-world --payload '{"message":"Hi"}' --wait`,
  ];
}

import path from "node:path";
import { parseArgs } from "node:util";
import { repositoryDirectory } from "./local-paths.ts";

/** What the user asked of `npm start`. */
export interface Options {
  /** End after the result instead of staying up. */
  readonly once: boolean;
  /** The user's own task folder, deployed in place of the examples. */
  readonly taskDirectory: string | undefined;
  /** Where everything is kept. */
  readonly home: string;
  readonly help: boolean;
}

export const helpText = `usage: npm start -- [options]

Brings up a whole Windlass cluster on this machine: PostgreSQL, NATS and the services. Deploys the
example tasks, runs hello-world, shows what happens, and stays up until Ctrl-C.

  --once           end after the result
  --dir <folder>   deploy your own task folder in place of the examples
  --help           show this text

Environment:
  WINDLASS_HOME    where data, logs and credentials are kept (default: .windlass in the repository)
  OTEL_EXPORTER_OTLP_ENDPOINT   send traces and metrics there, for example http://127.0.0.1:4318
  WINDLASS_*       other settings go to the services; each prints its own with --help
`;

/** Reads the command line. @throws on anything unknown, in one line. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: "boolean", default: false },
      dir: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  // npm changes into the repository before it runs a script, and says where the user was.
  const userDirectory = env["INIT_CWD"] ?? process.cwd();
  return {
    once: values.once,
    help: values.help,
    taskDirectory: values.dir === undefined ? undefined : path.resolve(userDirectory, values.dir),
    home: path.resolve(userDirectory, env["WINDLASS_HOME"] ?? path.join(repositoryDirectory, ".windlass")),
  };
}

// `npm start`: a whole cluster on this machine.
import { helpText, parseOptions } from "./options.ts";
import { runLocalCluster } from "./run-local-cluster.ts";
import { createTerminal } from "./terminal.ts";

const terminal = createTerminal();

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(helpText);
    return 0;
  }
  return runLocalCluster(options, terminal);
}

try {
  process.exitCode = await main();
} catch (error) {
  terminal.fail(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.exit();

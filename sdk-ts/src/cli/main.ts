import { runCli } from "./run-cli.ts";
import { listenForTheEnd } from "./signals.ts";

const { stdin, stdout, stderr } = process;
const exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, signal: listenForTheEnd() });
// Not left to the event loop: a standard input that nobody closes would keep the process.
process.exit(exitCode);

import { spawn } from "node:child_process";
import path from "node:path";
import { repositoryDirectory } from "@windlass/local";
import { waitFor } from "./wait-for.ts";

/** `npm start` as its user sees it. */
export interface StartCommand {
  readonly pid: number;
  /** Everything printed so far, without colours, since this is no terminal. */
  readonly output: string;
  /** What of it went to standard error. */
  readonly errors: string;
  /** Waits until the output matches, and returns the match. @throws when the command ends first or the deadline passes. */
  waitForOutput(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** The exit code; null when a signal ended it. */
  readonly exitCode: Promise<number | null>;
}

const started = new Set<StartCommand>();

/** Runs what `npm start` runs, with its data in `home`. It is interrupted at the latest with its test file; see end-clusters.ts. */
export function runStartCommand(home: string, args: readonly string[] = []): StartCommand {
  const main = path.join(repositoryDirectory, "deploy/local/src/main.ts");
  const child = spawn(process.execPath, [main, ...args], {
    cwd: repositoryDirectory,
    env: { ...process.env, WINDLASS_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  let hasEnded = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    errors += text;
  });
  const command: StartCommand = {
    pid: child.pid ?? 0,
    get output() {
      return output;
    },
    get errors() {
      return errors;
    },
    async waitForOutput(pattern, deadlineMs = 60_000) {
      await waitFor(`output ${pattern}`, () => pattern.test(output) || hasEnded, deadlineMs);
      const match = pattern.exec(output);
      if (match === null) throw new Error(`the command ended without printing ${pattern}:\n${output}`);
      return match;
    },
    signal: (signal) => void child.kill(signal),
    exitCode: new Promise((resolve) => {
      child.once("close", (code) => {
        hasEnded = true;
        started.delete(command);
        resolve(code);
      });
    }),
  };
  started.add(command);
  return command;
}

/** Ends what a failed test left running. */
export async function endAllStartCommands(): Promise<void> {
  await Promise.all(
    [...started].map((command) => {
      command.signal("SIGINT");
      return command.exitCode;
    }),
  );
}

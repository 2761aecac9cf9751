import { spawn } from "node:child_process";
import path from "node:path";
import { repositoryDirectory } from "@windlass/local";
import { waitFor } from "./wait-for.ts";

/** `windlass ...` as its user sees it. */
export interface WindlassCommand {
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Waits until standard output matches, and returns the match. @throws when the command ends first or the deadline passes. */
  waitForOutput(pattern: RegExp, deadlineMs?: number): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** The exit code; null when a signal ended it. */
  readonly exitCode: Promise<number | null>;
}

/** Where a command runs, and for which cluster. */
export interface WindlassOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly cwd?: string;
  readonly stdin?: string;
}

const running = new Set<WindlassCommand>();

/** Starts the command line. It is ended at the latest with its test file; see end-clusters.ts. */
export function startWindlass(args: readonly string[], options: WindlassOptions): WindlassCommand {
  const child = spawn(process.execPath, [path.join(repositoryDirectory, "sdk-ts/bin/windlass.mjs"), ...args], {
    cwd: options.cwd ?? repositoryDirectory,
    env: { ...process.env, WINDLASS_URL: options.url, WINDLASS_API_KEY: options.apiKey, NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(options.stdin ?? "");
  let stdout = "";
  let stderr = "";
  let hasEnded = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const command: WindlassCommand = {
    pid: child.pid ?? 0,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    async waitForOutput(pattern, deadlineMs) {
      await waitFor(`output ${pattern}`, () => pattern.test(stdout) || hasEnded, deadlineMs).catch((cause: unknown) => {
        throw new Error(`the command has not printed ${pattern}:\n${stdout}\n${stderr}`, { cause });
      });
      const match = pattern.exec(stdout);
      if (match === null) throw new Error(`the command ended without printing ${pattern}:\n${stdout}\n${stderr}`);
      return match;
    },
    signal: (signal) => void child.kill(signal),
    exitCode: new Promise((resolve) => {
      child.once("close", (code) => {
        hasEnded = true;
        running.delete(command);
        resolve(code);
      });
    }),
  };
  running.add(command);
  return command;
}

/** What a command that ended by itself left behind. */
export interface WindlassResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end. */
export async function runWindlass(args: readonly string[], options: WindlassOptions): Promise<WindlassResult> {
  const command = startWindlass(args, options);
  const exitCode = await command.exitCode;
  return { exitCode, stdout: command.stdout, stderr: command.stderr };
}

/** Ends what a failed test left running. */
export async function endAllWindlassCommands(): Promise<void> {
  await Promise.all(
    [...running].map((command) => {
      command.signal("SIGINT");
      return command.exitCode;
    }),
  );
}

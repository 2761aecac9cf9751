import { type ChildProcess, spawn } from "node:child_process";

const MAX_OUTPUT_CHARS = 4_000;

/** A bundle that runs as a process group of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  /** Resolves when the process has ended, or could not be started, with how. */
  readonly exited: Promise<string>;
  #output = "";

  constructor(entryPoint: string, options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }) {
    this.#child = spawn(process.execPath, [entryPoint], {
      ...options,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exited = new Promise((resolve) => {
      this.#child.on("error", (error) => resolve(error.message));
      this.#child.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-MAX_OUTPUT_CHARS);
    };
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
  }

  /** The end of what it has printed, on lines of its own; empty when it has printed nothing. */
  get output(): string {
    return this.#output === "" ? "" : `:\n${this.#output.trimEnd()}`;
  }

  /** Ends the process and what it has started, and resolves when it has ended. */
  async kill(): Promise<void> {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch (error) {
      // ESRCH: nothing of the group is left.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await this.exited;
  }
}

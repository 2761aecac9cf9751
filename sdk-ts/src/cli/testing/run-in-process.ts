import { Readable, Writable } from "node:stream";
import { runCli } from "../run-cli.ts";

/** What a command left behind. */
export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The only JSON value on stdout. */
  json(): unknown;
  /** The JSON values on stdout, one a line. */
  jsonLines(): unknown[];
}

/** Runs the command line in this process. */
export async function runInProcess(
  args: readonly string[],
  {
    stdin = "",
    signal = new AbortController().signal,
  }: { readonly stdin?: string; readonly signal?: AbortSignal } = {},
): Promise<CliResult> {
  const [stdout, stderr] = [new CollectingStream(), new CollectingStream()];
  const exitCode = await runCli(args, { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr, signal });
  return {
    exitCode,
    stdout: stdout.text,
    stderr: stderr.text,
    json: () => JSON.parse(stdout.text) as unknown,
    jsonLines: () =>
      stdout.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
  };
}

class CollectingStream extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

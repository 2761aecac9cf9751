import type { ChildProcess } from "node:child_process";
import type { Clock } from "@windlass/chassis";
import type { OutputTail } from "./output-tail.ts";

/** How much of a worker's own stdout and stderr is kept as evidence of its end. */
export const keptOutputBytes = 64 * 1024;
/** How long the pipes of a dead process may stay open: only something that left its group can still hold them. */
const pipeCloseLimitMs = 500;

/** How a child process ended, and the end of what it wrote. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  /** As in ProcessExit. */
  readonly omittedOutputBytes?: number;
}

/**
 * Reads what a child writes until it has ended and its pipes are closed. `onExit` is called in the moment between: the child
 * itself is gone, what it forked may not be. Never rejects.
 */
export async function awaitChildEnd(
  child: ChildProcess,
  onExit: () => void,
  { tail, clock }: { tail: OutputTail; clock: Clock },
): Promise<ChildEnd> {
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      tail.add(chunk);
    });
  }
  const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("exit", (...status) => resolve(status));
  });
  onExit();
  const limit = clock.setTimeout(() => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  }, pipeCloseLimitMs);
  await closed;
  limit.cancel();
  const { omittedBytes } = tail;
  return { code, signal, output: tail.text(), ...(omittedBytes > 0 && { omittedOutputBytes: omittedBytes }) };
}

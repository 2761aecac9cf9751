import { constants } from "node:os";

/** Of two names for one signal the first is the usual one (SIGABRT, SIGIOT). */
const signalNames = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

/**
 * How a container's program ended, of which only an exit code comes out: by a shell's convention 128 and a signal's number when
 * a signal ended it. A program that exits by itself with such a code cannot be told apart from that.
 */
export function programEnd(code: number): { exitCode: number } | { signal: string } {
  const signal = code > 128 ? signalNames.get(code - 128) : undefined;
  return signal === undefined ? { exitCode: code } : { signal };
}

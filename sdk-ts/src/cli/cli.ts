import type { Readable, Writable } from "node:stream";

/** The world around the command line. */
export interface Surroundings {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Aborts when the command shall end early. */
  readonly signal: AbortSignal;
}

/** What a command gets: its surroundings, and a place for the exit code. */
export interface Cli extends Surroundings {
  exitCode: number;
}

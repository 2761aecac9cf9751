import type { Writable } from "node:stream";
import { styleText } from "node:util";
import { jsonText } from "./format/json-text.ts";

export type Style = Parameters<typeof styleText>[0];

/** What a command says. Results go to stdout, as words or as JSON; everything else is words on stderr. */
export interface Output {
  /** True with --json: stdout is for a program. */
  readonly isJson: boolean;
  /** The result: one JSON value, or these lines. Said at most once. */
  result(value: unknown, lines: () => readonly string[]): void;
  /** One of a stream of results: a line of JSON, or these lines. */
  item(value: unknown, lines: () => readonly string[]): void;
  /** A remark for whoever sits at the terminal; never part of the result. */
  note(text: string): void;
  /** Colours for lines on stdout, where they are seen. */
  readonly style: (style: Style, text: string) => string;
  /** Resolves once everything said has been handed on. */
  flushed(): Promise<void>;
}

/** Writes to these streams; `styleText` knows whether each is a terminal, and NO_COLOR. */
export function createOutput(stdout: Writable, stderr: Writable, isJson: boolean): Output {
  const write = (value: unknown, lines: () => readonly string[]): void => {
    const text = isJson ? [jsonText(value)] : lines();
    if (text.length > 0) stdout.write(`${text.join("\n")}\n`);
  };
  return {
    isJson,
    result: write,
    item: write,
    note: (text) => void stderr.write(`${text}\n`),
    style: (style, text) => styleText(style, text, { stream: stdout }),
    flushed: async () => {
      await Promise.all([stdout, stderr].map(drained));
    },
  };
}

/** A pipe takes what it is given in its own time; a process that exits earlier loses the rest. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) return resolve();
    stream.write("", () => resolve());
  });
}

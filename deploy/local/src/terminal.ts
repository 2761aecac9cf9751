import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** What `npm start` prints, in colours only where they are seen. */
export interface Terminal {
  line(text?: string): void;
  /** An error, as one line on standard error. */
  fail(reason: string): void;
  readonly style: (style: Style, text: string) => string;
  /** Runs a step; while it lasts, says every few seconds that it still does. */
  step<T>(what: string, work: () => Promise<T>): Promise<T>;
}

const stillWorkingIntervalMs = 3_000;

/** Writes to this process' own output. A reader that goes away (`npm start | head`) ends nothing. */
export function createTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const line = (text = ""): void => void process.stdout.write(`${text}\n`);
  const style = (format: Style, text: string): string => styleText(format, text, { stream: process.stdout });
  return {
    line,
    style,
    fail: (reason) =>
      void process.stderr.write(`${styleText("red", "failed:", { stream: process.stderr })} ${oneLine(reason)}\n`),
    async step(what, work) {
      const began = performance.now();
      const timer = setInterval(() => {
        line(style("dim", `  ${what} (${Math.round((performance.now() - began) / 1000)} s)`));
      }, stillWorkingIntervalMs);
      try {
        return await work();
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** A duration for people. */
export function formatDuration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** A message of several lines as one of at most 600 characters. */
export function oneLine(text: string): string {
  const joined = text
    .split("\n")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join(" ");
  return joined.length <= 600 ? joined : `${joined.slice(0, 599)}…`;
}

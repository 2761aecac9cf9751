import { format } from "node:util";
import { activeAttempt, type LogLevelName } from "../task/active-attempt.ts";

/** The console's own methods, and the level at which a run's timeline shows what is written with them. */
const LEVELS = {
  debug: "trace",
  log: "info",
  info: "info",
  warn: "warn",
  error: "error",
} as const satisfies Partial<Record<keyof Console, LogLevelName>>;

type CapturedMethod = keyof typeof LEVELS;
const METHODS = Object.keys(LEVELS) as CapturedMethod[];

/**
 * Makes console write to the timeline while an attempt runs, and to the process's output as ever in between. Done once,
 * before any task file is loaded, so that whoever keeps `console.log` in a variable keeps one that does both.
 */
export class ConsoleCapture {
  readonly #capturing: Record<CapturedMethod, (...args: unknown[]) => void>;

  constructor() {
    const entries = METHODS.map((method) => [method, capture(LEVELS[method], console[method].bind(console))]);
    this.#capturing = Object.fromEntries(entries) as Record<CapturedMethod, () => void>;
    this.restore();
  }

  /** Undoes what an attempt may have put in place of the methods. */
  restore(): void {
    for (const method of METHODS) console[method] = this.#capturing[method];
  }
}

function capture(level: LogLevelName, original: (...args: unknown[]) => void): (...args: unknown[]) => void {
  return (...args) => {
    const attempt = activeAttempt.current;
    if (attempt === undefined) original(...args);
    else attempt.log(level, formatArguments(args));
  };
}

function formatArguments(args: readonly unknown[]): string {
  const [only] = args;
  if (args.length === 1 && typeof only === "string") return only;
  try {
    return format(...args);
  } catch (error) {
    return `[a value that throws when it is shown: ${error instanceof Error ? error.message : "not an error"}]`;
  }
}

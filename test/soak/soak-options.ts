import { parseArgs } from "node:util";

/** What a soak is asked for. */
export interface SoakOptions {
  readonly runs: number;
  /** Worker processes of the supervisor that execute at once. */
  readonly workers: number;
  /** The same seed gives the same runs in the same order. */
  readonly seed: number;
  /** Settings of the supervisor, for example its driver. */
  readonly settings: Readonly<Record<string, string>>;
}

export const usage = `npm run soak -- [--runs 20000] [--workers 8] [--seed 1] [--set WINDLASS_DRIVER=runc ...]

Runs that crash, run out of memory, loop, wait, throw and are canceled, on a cluster of their own; then what became of
them, and what the services kept. Exits 1 when anything is not as it should be.`;

/** Reads the command line. @throws with what is wrong. */
export function parseSoakOptions(args: string[]): SoakOptions | "help" {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "20000" },
      workers: { type: "string", default: "8" },
      seed: { type: "string", default: "1" },
      set: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    runs: wholeNumber("runs", values.runs, 100, 1_000_000),
    workers: wholeNumber("workers", values.workers, 2, 1_000),
    seed: wholeNumber("seed", values.seed, 0, 2 ** 31),
    settings: Object.fromEntries(values.set.map(parseSetting)),
  };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/u.test(text) && value >= min && value <= max) return value;
  throw new Error(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`);
}

function parseSetting(text: string): [string, string] {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/u.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error(`--set must be NAME=value, not "${text}"`);
  return [name, value];
}

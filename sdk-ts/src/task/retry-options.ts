import { definedFields, refuseUnknownKeys } from "./check-options.ts";
import { type MachineOption, type MachinePresetName, resolveMachine } from "./machine.ts";

/**
 * How failed attempts are repeated. The delay after attempt n is
 * round(min(maxTimeoutInMs, (randomize ? 1..2 : 1) * minTimeoutInMs * factor^(n-1))).
 */
export interface RetryOptions {
  /** Attempts in all, the first included: 1 to 100. Default 3. */
  readonly maxAttempts?: number | undefined;
  /** 1 to 100. Default 2. */
  readonly factor?: number | undefined;
  /** Milliseconds, 0 to maxTimeoutInMs. Default 1,000. */
  readonly minTimeoutInMs?: number | undefined;
  /** Milliseconds, at most a day. Default 60,000. */
  readonly maxTimeoutInMs?: number | undefined;
  /** Multiplies the delay by a random number from 1 to 2. Default true. */
  readonly randomize?: boolean | undefined;
  /** The machine on which an attempt that ran out of memory is repeated. Default: it is not repeated, and the run ends CRASHED. */
  readonly outOfMemory?: { readonly machine: MachineOption } | undefined;
}

/** Retry options with nothing left open. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly factor: number;
  readonly minTimeoutInMs: number;
  readonly maxTimeoutInMs: number;
  readonly randomize: boolean;
  readonly outOfMemory?: { readonly machine: MachinePresetName };
}

const BUILT_IN = {
  maxAttempts: 3,
  factor: 2,
  minTimeoutInMs: 1_000,
  maxTimeoutInMs: 60_000,
  randomize: true,
} as const satisfies RetryPolicy;

const OPTION_NAMES = [...Object.keys(BUILT_IN), "outOfMemory"];

/**
 * Puts options over those of the project, and these over the built-in ones, field by field. Throws a TypeError that
 * names owner, option and limit when a value is out of range.
 */
export function resolveRetryOptions(
  owner: string,
  options: RetryOptions = {},
  projectDefault: RetryOptions = {},
): RetryPolicy {
  checkIsObject(owner, options);
  refuseUnknownKeys(`retry of ${owner}`, options, OPTION_NAMES);
  const merged = { ...BUILT_IN, ...definedFields(projectDefault), ...definedFields(options) };
  const { outOfMemory, ...retry } = merged as Omit<RetryPolicy, "outOfMemory"> & Pick<RetryOptions, "outOfMemory">;
  const check = (name: keyof RetryOptions, valid: boolean, limit: string) => {
    if (!valid) throw new TypeError(`retry.${name} of ${owner} must be ${limit}`);
  };
  check(
    "maxAttempts",
    Number.isInteger(retry.maxAttempts) && isWithin(retry.maxAttempts, 1, 100),
    "a whole number from 1 to 100",
  );
  check("factor", isWithin(retry.factor, 1, 100), "a number from 1 to 100");
  check(
    "maxTimeoutInMs",
    isWithin(retry.maxTimeoutInMs, 0, 86_400_000),
    "a number of milliseconds from 0 to 86,400,000 (a day)",
  );
  check(
    "minTimeoutInMs",
    isWithin(retry.minTimeoutInMs, 0, retry.maxTimeoutInMs),
    "a number of milliseconds from 0 to maxTimeoutInMs",
  );
  check("randomize", typeof retry.randomize === "boolean", "true or false");
  check(
    "outOfMemory",
    outOfMemory === undefined || (typeof outOfMemory === "object" && outOfMemory !== null),
    "an object with a machine",
  );
  if (outOfMemory === undefined) return retry;
  refuseUnknownKeys(`retry.outOfMemory of ${owner}`, outOfMemory, ["machine"]);
  const machine = resolveMachine(`retry.outOfMemory.machine of ${owner}`, outOfMemory.machine);
  return machine === undefined ? retry : { ...retry, outOfMemory: { machine } };
}

function checkIsObject(owner: string, options: unknown): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`retry of ${owner} must be an object of options`);
}

function isWithin(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && value >= low && value <= high;
}

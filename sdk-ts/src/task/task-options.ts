import type {
  CleanupHook,
  CompleteHook,
  FailureHook,
  InitHook,
  RunParams,
  StartHook,
  SuccessHook,
} from "./hook-types.ts";

/**
 * How failed attempts are repeated. The delay after attempt n is
 * round(min(maxTimeoutInMs, (randomize ? 1..2 : 1) * minTimeoutInMs * factor^(n-1))).
 */
export interface RetryOptions {
  /** Attempts in all, the first included: 1 to 100. Default 3. */
  readonly maxAttempts?: number;
  /** 1 to 100. Default 2. */
  readonly factor?: number;
  /** Milliseconds, 0 to maxTimeoutInMs. Default 1,000. */
  readonly minTimeoutInMs?: number;
  /** Milliseconds, at most a day. Default 60,000. */
  readonly maxTimeoutInMs?: number;
  /** Multiplies the delay by a random number from 1 to 2. Default true. */
  readonly randomize?: boolean;
}

export interface QueueOptions {
  /** 1 to 128 characters of A-Z a-z 0-9 _ - / . */
  readonly name: string;
}

/**
 * What `task()` takes.
 *
 * Payload, Output and Init come from `run` and `init`. The hooks have type parameters of their own (HookPayload ...),
 * which default to those: TypeScript settles a type parameter at the first function that needs it, so a hook written
 * above `run` would otherwise settle the payload before `run` has named it.
 */
export interface TaskOptions<Id extends string, Payload, Output, Init, HookPayload, HookOutput, HookInit> {
  /** Unique in the project: 1 to 256 characters, no control characters. */
  readonly id: Id;
  readonly retry?: RetryOptions;
  /** The queue its runs wait in. Default: one of its own, "task/<id>". */
  readonly queue?: QueueOptions;
  readonly init?: InitHook<HookPayload, Init>;
  readonly onStart?: StartHook<HookPayload, HookInit>;
  /** The task itself. Resolves to the run's output, which must be a JSON value. */
  readonly run: (payload: Payload, params: RunParams<HookInit>) => Promise<Output> | Output;
  readonly onSuccess?: SuccessHook<HookPayload, HookOutput, HookInit>;
  readonly onFailure?: FailureHook<HookPayload, HookInit>;
  readonly onComplete?: CompleteHook<HookPayload, HookOutput, HookInit>;
  readonly cleanup?: CleanupHook<HookPayload, HookInit>;
}

/** Refuses options whose hooks expect something else than `run` and `init` give them. */
export type Accepts<Given, Expected, What extends string> = [Given] extends [Expected]
  ? unknown
  : { readonly run: `The ${What} that a hook expects is not the ${What} of this task` };

const RETRY_DEFAULTS: Required<RetryOptions> = {
  maxAttempts: 3,
  factor: 2,
  minTimeoutInMs: 1_000,
  maxTimeoutInMs: 60_000,
  randomize: true,
};

/** Fills in the defaults. Throws a TypeError that names task, option and limit when a value is out of range. */
export function resolveRetryOptions(taskId: string, options: RetryOptions = {}): Required<RetryOptions> {
  refuseUnknownKeys(`retry of task "${taskId}"`, options, Object.keys(RETRY_DEFAULTS));
  const retry = { ...RETRY_DEFAULTS, ...definedFields(options) };
  const check = (name: keyof RetryOptions, valid: boolean, limit: string) => {
    if (!valid) throw new TypeError(`retry.${name} of task "${taskId}" must be ${limit}`);
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
  return retry;
}

/** Throws a TypeError for a key that nothing would look at: an option is never ignored. */
export function refuseUnknownKeys(what: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`"${unknown}" is not an option of the ${what}; the options are ${known.join(", ")}`);
  }
}

function isWithin(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && value >= low && value <= high;
}

function definedFields<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

import { refuseUnknownKeys } from "../task/check-options.ts";
import { type RetryOptions, type RetryPolicy, resolveRetryOptions } from "../task/retry-options.ts";
import { type ResetFormat, resetFormats } from "./reset-time.ts";

type Backoff = Omit<RetryOptions, "outOfMemory">;

/** Waits as a task's retries do; longer when the response has a Retry-After header. */
export interface BackoffStrategy extends Backoff {
  readonly strategy: "backoff";
}

/** Waits until the moment that the response names; as with Retry-After, and without either by the default backoff. */
export interface HeadersStrategy {
  readonly strategy: "headers";
  /** The name of the header that tells how many requests are allowed. */
  readonly limitHeader?: string | undefined;
  /** The name of the header that tells how many are left. While there are some, the limit is not why the request failed. */
  readonly remainingHeader?: string | undefined;
  /** The name of the header that tells when the limit is over. */
  readonly resetHeader: string;
  /** Default "unix_timestamp". */
  readonly resetFormat?: ResetFormat | undefined;
  /** Requests in all: 1 to 100. Default 3. */
  readonly maxAttempts?: number | undefined;
}

/** What failures of a request are retried, and how. What is left out is not retried. */
export interface FetchRetryOptions {
  /** By status: "429", "500-599", "5xx", or several with commas. The first that matches counts. */
  readonly byStatus?: Readonly<Record<string, BackoffStrategy | HeadersStrategy>> | undefined;
  /** When there is no response. */
  readonly connectionError?: Backoff | undefined;
  /** When there is none within `timeoutInMs`. */
  readonly timeout?: Backoff | undefined;
}

/** How one kind of failure is retried. */
export interface CheckedStrategy {
  readonly backoff: RetryPolicy;
  readonly headers: (HeadersStrategy & { readonly resetFormat: ResetFormat }) | undefined;
}

export interface CheckedFetchRetry {
  readonly byStatus: readonly { readonly matches: (status: number) => boolean; readonly strategy: CheckedStrategy }[];
  readonly connectionError: CheckedStrategy | undefined;
  readonly timeout: CheckedStrategy | undefined;
}

const HEADERS_OPTIONS = ["strategy", "limitHeader", "remainingHeader", "resetHeader", "resetFormat", "maxAttempts"];

/** What is retried when nothing is said: what may pass. */
const DEFAULTS: FetchRetryOptions = {
  byStatus: { "408,409,429,5xx": { strategy: "backoff" } },
  connectionError: {},
  timeout: {},
};

/** Throws a TypeError that names the option and its limit. */
export function checkFetchRetry(options: FetchRetryOptions = DEFAULTS): CheckedFetchRetry {
  refuseUnknownKeys("retry of retry.fetch", options, ["byStatus", "connectionError", "timeout"]);
  const { byStatus = {}, connectionError, timeout } = options;
  return {
    byStatus: Object.entries(byStatus).map(([pattern, strategy]) => ({
      matches: statusMatcher(pattern),
      strategy: checkStrategy(`byStatus["${pattern}"]`, strategy),
    })),
    connectionError: checkBackoff("connectionError", connectionError),
    timeout: checkBackoff("timeout", timeout),
  };
}

function checkBackoff(name: string, options: Backoff | undefined): CheckedStrategy | undefined {
  if (options === undefined) return undefined;
  return { backoff: resolveRetryOptions(`retry.fetch ${name}`, options), headers: undefined };
}

function checkStrategy(name: string, options: BackoffStrategy | HeadersStrategy): CheckedStrategy {
  const owner = `retry.fetch ${name}`;
  if (options.strategy === "backoff") {
    const { strategy: _, ...backoff } = options;
    return { backoff: resolveRetryOptions(owner, backoff), headers: undefined };
  }
  if (options.strategy !== "headers") throw new TypeError(`${owner}: strategy must be "backoff" or "headers"`);
  refuseUnknownKeys(owner, options, HEADERS_OPTIONS);
  const { resetHeader, resetFormat = "unix_timestamp", maxAttempts } = options;
  if (typeof resetHeader !== "string" || resetHeader === "") {
    throw new TypeError(`${owner}: resetHeader must be the name of a header`);
  }
  if (!resetFormats.includes(resetFormat)) {
    throw new TypeError(`${owner}: resetFormat must be one of ${resetFormats.join(", ")}`);
  }
  return { backoff: resolveRetryOptions(owner, { maxAttempts }), headers: { ...options, resetFormat } };
}

function statusMatcher(pattern: string): (status: number) => boolean {
  const ranges = pattern.split(",").map((part) => rangeOf(part.trim(), pattern));
  return (status) => ranges.some(([low, high]) => status >= low && status <= high);
}

function rangeOf(part: string, pattern: string): readonly [number, number] {
  const hundred = /^([1-5])xx$/.exec(part)?.[1];
  if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99];
  const [, low, high = low] = /^([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?$/.exec(part) ?? [];
  if (low !== undefined && Number(low) <= Number(high)) return [Number(low), Number(high)];
  throw new TypeError(`retry.fetch byStatus: "${pattern}" must be statuses such as "429", "500-599" or "408,429,5xx"`);
}

import { activeAttempt } from "../task/active-attempt.ts";
import { abortableDelay } from "./abortable-delay.ts";
import {
  type CheckedFetchRetry,
  type CheckedStrategy,
  checkFetchRetry,
  type FetchRetryOptions,
} from "./fetch-options.ts";
import { resetTimeMs, retryAfterTimeMs } from "./reset-time.ts";
import { retryDelayMs } from "./retry-delay.ts";

/** What `fetch` takes, and how failures are retried. */
export interface RetryFetchInit extends RequestInit {
  /** How long a response may take to begin, each time. Default: as long as `fetch` itself waits. */
  readonly timeoutInMs?: number | undefined;
  /** Default: 408, 409, 429 and 5xx, connection errors and timeouts, three times in all. */
  readonly retry?: FetchRetryOptions | undefined;
}

/** A service that wants to be left alone for longer is not waited for. */
const MAX_RESET_WAIT_MS = 60 * 60 * 1_000;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** How one try ended. */
type Try =
  | { readonly kind: "response"; readonly response: Response }
  | { readonly kind: "connectionError" | "timeout"; readonly error: unknown };

/**
 * `fetch` that tries again. Resolves to the last response, whatever its status; rejects when there was none. Honours the reset headers it is told of, and
 * Retry-After, up to an hour. Ends at once, rejecting with the signal's reason, when the run is canceled or out of time, or the request's own signal
 * aborts. Throws a TypeError for a retry option that does not exist or is out of range, and for a stream as body, which can be sent only once.
 */
export async function retryFetch(input: string | URL | Request, init: RetryFetchInit = {}): Promise<Response> {
  const { retry: options, timeoutInMs, signal: ownSignal, ...requestInit } = init;
  const retry = checkFetchRetry(options);
  checkTimeout(timeoutInMs);
  refuseStream(requestInit.body);
  const request = new Request(input, requestInit); // Throws for what no repeat could mend.
  const signals = [activeAttempt.current?.signal, ownSignal, request.signal].filter((signal) => signal != null);
  const signal = AbortSignal.any(signals);
  for (let n = 1; ; n++) {
    signal.throwIfAborted();
    const tried = await tryOnce(request.clone(), signal, timeoutInMs);
    const delayMs = delayAfter(tried, n, retry);
    if (delayMs === undefined) return responseOf(tried);
    if (tried.kind === "response") await tried.response.body?.cancel(); // Else its connection stays taken.
    await abortableDelay(delayMs, signal);
  }
}

/** Throws only when the signal has aborted. */
async function tryOnce(request: Request, signal: AbortSignal, timeoutInMs: number | undefined): Promise<Try> {
  const timeout = new AbortController();
  const timer =
    timeoutInMs === undefined
      ? undefined
      : setTimeout(() => timeout.abort(timeoutError(request.url, timeoutInMs)), timeoutInMs);
  try {
    return { kind: "response", response: await fetch(request, { signal: AbortSignal.any([signal, timeout.signal]) }) };
  } catch (error) {
    signal.throwIfAborted();
    return timeout.signal.aborted
      ? { kind: "timeout", error: timeout.signal.reason }
      : { kind: "connectionError", error };
  } finally {
    clearTimeout(timer); // A response that has begun may take its time.
  }
}

/** Milliseconds until the next try; undefined: there is none. */
function delayAfter(tried: Try, n: number, retry: CheckedFetchRetry): number | undefined {
  const strategy = strategyFor(tried, retry);
  if (strategy === undefined || n >= strategy.backoff.maxAttempts) return undefined;
  const backoffMs = retryDelayMs(strategy.backoff, n, Math.random());
  if (tried.kind !== "response") return backoffMs;
  const nowMs = Date.now();
  const resetMs = resetOf(tried.response.headers, strategy, nowMs);
  if (resetMs === undefined) return backoffMs;
  const untilResetMs = Math.max(resetMs - nowMs, strategy.headers === undefined ? backoffMs : 0);
  return untilResetMs <= MAX_RESET_WAIT_MS ? untilResetMs : undefined;
}

function strategyFor(tried: Try, retry: CheckedFetchRetry): CheckedStrategy | undefined {
  if (tried.kind !== "response") return retry[tried.kind];
  return retry.byStatus.find(({ matches }) => matches(tried.response.status))?.strategy;
}

/** When the service wants the next request; undefined when it does not say. */
function resetOf(headers: Headers, { headers: named }: CheckedStrategy, nowMs: number): number | undefined {
  if (named !== undefined) {
    const remaining = Number((named.remainingHeader === undefined ? null : headers.get(named.remainingHeader)) ?? 0);
    const reset = headers.get(named.resetHeader);
    const resetMs = reset === null || remaining > 0 ? undefined : resetTimeMs(reset, named.resetFormat, nowMs);
    if (resetMs !== undefined) return resetMs;
  }
  const retryAfter = headers.get("retry-after");
  return retryAfter === null ? undefined : retryAfterTimeMs(retryAfter, nowMs);
}

function responseOf(tried: Try): Response {
  if (tried.kind === "response") return tried.response;
  throw tried.error;
}

function timeoutError(url: string, timeoutInMs: number): DOMException {
  return new DOMException(`${new URL(url).origin} did not answer within ${timeoutInMs} ms`, "TimeoutError");
}

function checkTimeout(timeoutInMs: number | undefined): void {
  if (timeoutInMs === undefined || (timeoutInMs > 0 && timeoutInMs <= MAX_TIMEOUT_MS)) return;
  throw new TypeError(`retry.fetch timeoutInMs must be a number of milliseconds above 0, at most ${MAX_TIMEOUT_MS}`);
}

function refuseStream(body: RequestInit["body"]): void {
  if (body instanceof ReadableStream || (typeof body === "object" && body !== null && Symbol.asyncIterator in body)) {
    throw new TypeError("retry.fetch cannot send a stream, which could not be sent a second time: read it first");
  }
}

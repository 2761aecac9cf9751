import type { DescService } from "@bufbuild/protobuf";
import type { Clock, ServiceCall } from "@windlass/chassis";
import { ErrorReason } from "@windlass/proto";
import { CallFailure, type ServiceImplementation } from "@windlass/proto/grpc";
import type { Authenticator } from "./authenticator.ts";

/** With what the cache of keys adds, a revoked key ends its streams within 10 s. */
const CONFIRM_INTERVAL_MS = 5_000;

interface GuardOptions {
  readonly authenticator: Authenticator;
  readonly clock: Clock;
}

type Streaming = (request: unknown, call: ServiceCall) => AsyncIterable<unknown>;
type ClientStreaming = (requests: AsyncIterable<unknown>, call: ServiceCall) => Promise<unknown>;

/**
 * Makes a service's streams end when their key is revoked: a call is authenticated when it begins, and a stream may stay open for days. The handler's signal aborts,
 * its requests end with the same failure, and the caller gets API_KEY_INVALID. While keys cannot be read, streams stay open. Unary methods are left as they are.
 */
export function guardStreams<S extends DescService>(
  service: S,
  implementation: ServiceImplementation<S, ServiceCall>,
  options: GuardOptions,
): ServiceImplementation<S, ServiceCall> {
  const handlers = service.methods.map((method) => {
    const handler: unknown = implementation[method.localName as keyof S["method"]];
    switch (method.methodKind) {
      case "unary":
        return [method.localName, handler];
      case "client_streaming":
        return [method.localName, guardClientStreaming(handler as ClientStreaming, options)];
      case "server_streaming":
      case "bidi_streaming":
        return [method.localName, guardStreaming(handler as Streaming, method.methodKind, options)];
    }
  });
  return Object.fromEntries(handlers) as ServiceImplementation<S, ServiceCall>;
}

function guardStreaming(
  handler: Streaming,
  kind: "server_streaming" | "bidi_streaming",
  options: GuardOptions,
): Streaming {
  return async function* guarded(request, call) {
    const guard = startGuard(call, options);
    try {
      const guardedRequest =
        kind === "bidi_streaming" ? untilAborted(request as AsyncIterable<unknown>, guard.signal) : request;
      yield* handler(guardedRequest, { ...call, signal: guard.signal });
      guard.signal.throwIfAborted();
    } finally {
      guard.stop();
    }
  };
}

function guardClientStreaming(handler: ClientStreaming, options: GuardOptions): ClientStreaming {
  return async (requests, call) => {
    const guard = startGuard(call, options);
    try {
      return await handler(untilAborted(requests, guard.signal), { ...call, signal: guard.signal });
    } finally {
      guard.stop();
    }
  };
}

/** Confirms a call's credential from time to time; the signal aborts with the call's own, or with why the credential is refused. */
function startGuard(
  call: ServiceCall,
  { authenticator, clock }: GuardOptions,
): { readonly signal: AbortSignal; stop(): void } {
  const refused = new AbortController();
  let isStopped = false;
  const confirm = async (): Promise<void> => {
    try {
      await authenticator.confirm(call.principal, call.method);
    } catch (error) {
      if (isRefusal(error)) refused.abort(error);
    }
    if (!isStopped && !refused.signal.aborted) timer = arm();
  };
  const arm = () => clock.setTimeout(() => void confirm(), CONFIRM_INTERVAL_MS).unref();
  let timer = arm();
  return {
    signal: AbortSignal.any([call.signal, refused.signal]),
    stop() {
      isStopped = true;
      timer.cancel();
    },
  };
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof CallFailure &&
    (error.reason === ErrorReason.API_KEY_INVALID || error.reason === ErrorReason.NOT_PERMITTED)
  );
}

/** The same requests, ending with the signal's reason as soon as it aborts. For one reader, which asks for the next when it has the last. */
function untilAborted<T>(requests: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = requests[Symbol.asyncIterator]();
      let rejectPending: ((reason: unknown) => void) | undefined;
      signal.addEventListener("abort", () => rejectPending?.(signal.reason), { once: true });
      return {
        next: () =>
          new Promise((resolve, reject) => {
            signal.throwIfAborted();
            rejectPending = reject;
            iterator.next().then(resolve, reject);
          }),
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Metadata } from "@grpc/grpc-js";
import {
  type CallOptions,
  type Client,
  type ClientChannel,
  createChannel,
  createClient,
  methodPath,
} from "@windlass/proto/grpc";
import type { Clock } from "../clock/clock.ts";
import { systemClock } from "../clock/system-clock.ts";
import { startSpan } from "../telemetry/spans.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { callWithRetry, defaultRetryPolicy, type RetryPolicy } from "./retry.ts";
import { TRACEPARENT_HEADER } from "./service-call.ts";

/** A client of another service. */
export type ServiceClient<S extends DescService> = Client<S> & {
  /** Waits for the connection, or shares it with another client. */
  readonly channel: ClientChannel;
  /** Lets the connection go. Twice is fine. */
  close(): void;
};

export type ServiceClientOptions = {
  readonly telemetry?: Telemetry;
  readonly retry?: RetryPolicy;
  readonly clock?: Pick<Clock, "monotonicMs" | "sleep">;
  /** From 0 up to 1, for the jitter. */
  readonly random?: () => number;
} & (
  | { readonly address: string; readonly token: string; readonly channel?: never }
  /** Shares a connection; close() then leaves it open. */
  | { readonly channel: ClientChannel }
);

/** A unary call that names no deadline gets this one, its repeats included. */
const DEFAULT_TIMEOUT_MS = 10_000;

type UnaryCall = (request: Record<string, unknown>, options?: CallOptions) => Promise<unknown>;

/**
 * Makes a client whose unary calls have a deadline, are repeated on UNAVAILABLE, and are traced under the `traceparent` of their metadata.
 * Streams are as createClient makes them: only those who use one know what to do after a break.
 */
export function createServiceClient<S extends DescService>(
  service: S,
  options: ServiceClientOptions,
): ServiceClient<S> {
  const channel = options.channel ?? createChannel(options.address, { token: options.token });
  const client: Record<string, unknown> = { ...createClient(service, channel) };
  for (const method of service.methods) {
    if (method.methodKind !== "unary") continue;
    client[method.localName] = dependableCall(method, client[method.localName] as UnaryCall, options);
  }
  const close = (): void => {
    if (options.channel === undefined) channel.close();
  };
  // The unary functions were replaced by others of the same shape.
  return Object.assign(client as Client<S>, { channel, close });
}

function dependableCall(method: DescMethod, call: UnaryCall, options: ServiceClientOptions): UnaryCall {
  const { telemetry, retry = defaultRetryPolicy, clock = systemClock, random = Math.random } = options;
  const name = methodPath(method).slice(1);
  const retryOptions = { policy: retry, clock, random };
  const withRetry = (request: Record<string, unknown>, callOptions: CallOptions): Promise<unknown> =>
    callWithRetry(
      (tryOptions) => call(request, tryOptions),
      { ...callOptions, timeoutMs: callOptions.timeoutMs ?? DEFAULT_TIMEOUT_MS },
      retryOptions,
    );
  return async (request, callOptions = {}) => {
    if (telemetry?.enabled !== true) return withRetry(request, callOptions);
    const metadata = callOptions.metadata?.clone() ?? new Metadata();
    const [header] = metadata.get(TRACEPARENT_HEADER);
    const parent = typeof header === "string" ? header : "";
    const span = startSpan(telemetry, { name, parent, kind: "client", attributes: { "rpc.system": "grpc" } });
    metadata.set(TRACEPARENT_HEADER, span.traceparent);
    try {
      const response = await withRetry(request, { ...callOptions, metadata });
      span.end();
      return response;
    } catch (error) {
      span.end(error);
      throw error;
    }
  };
}

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Metadata, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { ClientChannel } from "./channel.ts";
import type { BidiCall, CallOptions, ResponseStream } from "./client-call.ts";
import { rawCalls } from "./client-calls.ts";
import type { CallHooks } from "./server-call.ts";
import { rawHandlers } from "./service-handlers.ts";
import type { CallContext } from "./service-implementation.ts";

/** See {@link forwardingHandlers}. */
export interface ForwardingOptions<C> extends CallHooks<C> {
  /** Where the calls go. */
  readonly channel: ClientChannel;
  /** What is sent with a call beside the channel's own headers; nothing of the caller's headers is sent unless it is in here. */
  readonly metadata: (call: C) => Metadata;
  /** What ends the onward call; default: the call's own signal. Whoever gives another sees to it that it follows that. May throw a CallFailure to refuse the call. */
  readonly signal?: ((call: C) => AbortSignal) | undefined;
}

/**
 * Makes grpc-js handlers, to be added with `serviceDefinition`, that hand every call on to another server and its answers back, as bytes: nothing is decoded
 * but a failure, which keeps its type. Back-pressure, deadline and hanging up pass through in both directions.
 */
export function forwardingHandlers<C extends CallContext>(
  service: DescService,
  options: ForwardingOptions<C>,
): UntypedServiceImplementation {
  return rawHandlers(service, (method) => forwardMethod(method, options), options);
}

function forwardMethod<C extends CallContext>(method: DescMethod, { channel, metadata, signal }: ForwardingOptions<C>) {
  const calls = rawCalls(method, channel);
  const callOptions = (call: C): CallOptions => ({
    signal: signal?.(call) ?? call.signal,
    metadata: metadata(call),
    ...(call.deadline === undefined ? {} : { timeoutMs: call.deadline.getTime() - Date.now() }),
  });
  switch (method.methodKind) {
    case "unary":
      return (request: Buffer, call: C) => calls.unary(request, callOptions(call));
    case "server_streaming":
      return (request: Buffer, call: C) => calls.serverStreaming(request, callOptions(call));
    case "client_streaming":
      return (requests: AsyncIterable<Buffer>, call: C) => calls.clientStreaming(requests, callOptions(call));
    case "bidi_streaming":
      return (requests: AsyncIterable<Buffer>, call: C): ResponseStream<Buffer> => {
        const onward = calls.bidiStreaming(callOptions(call));
        void handOn(requests, onward);
        return onward.responses;
      };
  }
}

/** Never rejects: whatever ends the requests ends the call, and its answers say why. */
async function handOn(requests: AsyncIterable<Buffer>, onward: BidiCall<Buffer, Buffer>): Promise<void> {
  try {
    for await (const request of requests) {
      if (!onward.send(request)) await onward.drained();
    }
    onward.end();
  } catch {
    onward.cancel();
  }
}

import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { BidiCall, CallOptions, ResponseStream } from "./client-call.ts";
import { bidiStreamingCall, clientStreamingCall, serverStreamingCall, unaryCall } from "./client-calls.ts";
import type { ClientChannel } from "./channel.ts";

export type UnaryCall<I extends DescMessage, O extends DescMessage> = (
  request: MessageInitShape<I>,
  options?: CallOptions,
) => Promise<MessageShape<O>>;

/** The call begins at once; the stream must be read, returned from, or canceled by its signal. */
export type ServerStreamingCall<I extends DescMessage, O extends DescMessage> = (
  request: MessageInitShape<I>,
  options?: CallOptions,
) => ResponseStream<MessageShape<O>>;

/** Takes requests no faster than they can be sent, and returns from the iterable when the call ends before it. */
export type ClientStreamingCall<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageInitShape<I>>,
  options?: CallOptions,
) => Promise<MessageShape<O>>;

export type BidiStreamingCall<I extends DescMessage, O extends DescMessage> = (
  options?: CallOptions,
) => BidiCall<MessageInitShape<I>, MessageShape<O>>;

/** The function for one method. */
export type MethodCall<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? UnaryCall<I, O>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? ServerStreamingCall<I, O>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamingCall<I, O>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? BidiStreamingCall<I, O>
          : never;

/** A service as its callers see it: one function for each method. Every failure, of promises and streams alike, is a {@link CallFailure}. */
export type Client<S extends DescService> = {
  readonly [K in keyof S["method"]]: MethodCall<S["method"][K]>;
};

/** Makes the functions that call a service over a channel. Cheap; clients of one channel share its connection. */
export function createClient<S extends DescService>(service: S, channel: ClientChannel): Client<S> {
  const calls: Record<string, unknown> = {};
  for (const method of service.methods) calls[method.localName] = methodCall(method, channel);
  // Each has the shape that its method's kind gives it: that is Client<S>.
  return calls as Client<S>;
}

function methodCall(method: DescMethod, channel: ClientChannel) {
  switch (method.methodKind) {
    case "unary":
      return unaryCall(method, channel);
    case "server_streaming":
      return serverStreamingCall(method, channel);
    case "client_streaming":
      return clientStreamingCall(method, channel);
    case "bidi_streaming":
      return bidiStreamingCall(method, channel);
  }
}

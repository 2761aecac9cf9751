import type { Readable } from "node:stream";
import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import {
  Metadata,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  status,
} from "@grpc/grpc-js";
import { ErrorReason } from "../gen/windlass/v1/error_reason_pb.ts";
import { CallFailure, fieldInvalid } from "./call-failure.ts";
import type { ResponseStream as ResponsesFromAnother } from "./client-call.ts";
import { callFailureToServiceError } from "./failure-status.ts";
import {
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_MAX_REQUEST_FIELDS,
  type Decode,
  type Encode,
  createDecoder,
  createEncoder,
} from "./message-codec.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter, writeAll } from "./message-writer.ts";
import { type CallHooks, ServerCall } from "./server-call.ts";
import { methodPath } from "./service-definition.ts";
import type {
  BidiStreamingHandler,
  CallContext,
  ClientStreamingHandler,
  ServerStreamingHandler,
  ServiceImplementation,
  UnaryHandler,
} from "./service-implementation.ts";

/** See {@link serviceHandlers}. */
export interface ServiceHandlerOptions<C> extends CallHooks<C> {
  /** The largest answer; the largest request is the server's own setting. Default 16 MB. */
  readonly maxMessageBytes?: number | undefined;
  /** The most fields of a request, at all depths together. Default 1,000,000. */
  readonly maxRequestFields?: number | undefined;
}

/** How a method's messages are made of bytes, and bytes of messages. */
interface Codec {
  readonly decode: Decode<DescMessage>;
  readonly encode: Encode<DescMessage>;
}

/** One method, with what its handlers need to speak. */
interface BoundMethod<H> extends Codec {
  readonly name: string;
  readonly handler: H;
}

type AnyUnary<C> = UnaryHandler<DescMessage, DescMessage, C>;
type AnyServerStreaming<C> = ServerStreamingHandler<DescMessage, DescMessage, C>;
type AnyClientStreaming<C> = ClientStreamingHandler<DescMessage, DescMessage, C>;
type AnyBidi<C> = BidiStreamingHandler<DescMessage, DescMessage, C>;

/**
 * Makes grpc-js handlers of an implementation, to be added with {@link serviceDefinition}: decoding, back-pressure both ways, one signal per call, one typed
 * answer per call. A thrown CallFailure becomes the call's status; anything else INTERNAL, told to `onDefect`.
 * Streams send their response headers as soon as the handler runs, so that clients know that they are accepted.
 */
export function serviceHandlers<S extends DescService, C = CallContext>(
  service: S,
  implementation: ServiceImplementation<S, C>,
  options: ServiceHandlerOptions<C>,
): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const handler = implementation[method.localName as keyof S["method"]];
    const maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    const codec = {
      decode: createDecoder(method.input, malformedRequest, options.maxRequestFields ?? DEFAULT_MAX_REQUEST_FIELDS),
      encode: responseEncoder(createEncoder(method.output, { maxMessageBytes, malformedText: "replace" })),
    };
    handlers[method.localName] = methodHandler(method, handler.bind(implementation), codec, options);
  }
  return handlers;
}

/** The same for handlers that take and give messages as bytes. */
export function rawHandlers<C>(
  service: DescService,
  handlerOf: (method: DescMethod) => unknown,
  hooks: CallHooks<C>,
): UntypedServiceImplementation {
  const asIs = (bytes: unknown): unknown => bytes;
  // What goes through is bytes on both sides; no one looks at it as a message.
  const codec = { decode: asIs, encode: asIs } as unknown as Codec;
  return Object.fromEntries(
    service.methods.map((method) => [method.localName, methodHandler(method, handlerOf(method), codec, hooks)]),
  );
}

function methodHandler<C>(
  method: DescMethod,
  handler: unknown,
  codec: Codec,
  options: CallHooks<C>,
): UntypedHandleCall {
  const bound = <H>(): BoundMethod<H> => ({
    name: methodPath(method).slice(1),
    // The implementation's mapped type ties the handler's shape to the method's kind.
    handler: handler as H,
    ...codec,
  });
  switch (method.methodKind) {
    case "unary":
      return unary(bound<AnyUnary<C>>(), options);
    case "server_streaming":
      return serverStreaming(bound<AnyServerStreaming<C>>(), options);
    case "client_streaming":
      return clientStreaming(bound<AnyClientStreaming<C>>(), options);
    case "bidi_streaming":
      return bidiStreaming(bound<AnyBidi<C>>(), options);
  }
}

function unary<C>(method: BoundMethod<AnyUnary<C>>, hooks: CallHooks<C>): handleUnaryCall<Buffer, Buffer> {
  return (surface, callback) => {
    const call = new ServerCall(surface, method.name, false, hooks, {
      answer: (failure) => callback(callFailureToServiceError(failure)),
      release: () => {},
    });
    void call.run(async (context) => {
      const response = method.encode(await method.handler(method.decode(surface.request), context));
      if (call.succeed()) callback(null, response);
    });
  };
}

function serverStreaming<C>(
  method: BoundMethod<AnyServerStreaming<C>>,
  hooks: CallHooks<C>,
): handleServerStreamingCall<Buffer, Buffer> {
  return (stream) => {
    const responses = new ResponseSender(stream, method.encode);
    const call = new ServerCall(stream, method.name, true, hooks, {
      answer: (failure) => stream.emit("error", callFailureToServiceError(failure)),
      release: (failure) => responses.release(failure, (error) => call.reportLate(error)),
    });
    void call.run(async (context) => {
      await responses.send(method.handler(method.decode(stream.request), context));
      if (call.succeed()) stream.end();
    });
  };
}

function clientStreaming<C>(
  method: BoundMethod<AnyClientStreaming<C>>,
  hooks: CallHooks<C>,
): handleClientStreamingCall<Buffer, Buffer> {
  return (stream, callback) => {
    const requests = readRequests(stream, method.decode);
    const call = new ServerCall(stream, method.name, false, hooks, {
      answer: (failure) => callback(callFailureToServiceError(failure)),
      release: (failure) => requests.abort(failure),
    });
    void call.run(async (context) => {
      const response = method.encode(await method.handler(requests, context));
      if (call.succeed()) callback(null, response);
    });
  };
}

function bidiStreaming<C>(
  method: BoundMethod<AnyBidi<C>>,
  hooks: CallHooks<C>,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (stream) => {
    let isCutShort = false;
    const requests = readRequests(stream, method.decode);
    const responses = new ResponseSender(stream, method.encode);
    const call = new ServerCall(stream, method.name, true, hooks, {
      answer: (failure) => stream.emit("error", callFailureToServiceError(failure)),
      release: (failure) => {
        requests.abort(failure);
        responses.release(failure, (error) => call.reportLate(error));
      },
      endRequests: () => {
        if (requests.finish()) isCutShort = true;
      },
    });
    void call.run(async (context) => {
      await responses.send(method.handler(requests, context));
      // The caller wanted to say more: it has to know that this was not its own end of the stream.
      if (isCutShort) throw draining();
      if (call.succeed()) stream.end();
    });
  };
}

type ResponseStream =
  | Parameters<handleServerStreamingCall<Buffer, Buffer>>[0]
  | Parameters<handleBidiStreamingCall<Buffer, Buffer>>[0];

/** Takes a handler's answers one by one and sends them no faster than the caller takes them. */
class ResponseSender {
  readonly #stream: ResponseStream;
  readonly #encode: Encode<DescMessage>;
  readonly #writer: MessageWriter;
  #answers: AsyncIterator<Record<string, unknown>> | undefined;

  constructor(stream: ResponseStream, encode: Encode<DescMessage>) {
    this.#stream = stream;
    this.#encode = encode;
    this.#writer = new MessageWriter(stream);
  }

  send(answers: AsyncIterable<Record<string, unknown>>): Promise<void> {
    this.#answers = answers[Symbol.asyncIterator]();
    const sendHeaders = (): void => this.#stream.sendMetadata(new Metadata());
    // The headers go out after the handler's first step, so that what it subscribes to there is not missed by a caller that waits for them.
    // Answers that come from another server say themselves when that one has begun; what fails before it does is told by the answers.
    const onStarted = isResponseStream(answers) ? () => void answers.opened.then(sendHeaders, () => {}) : sendHeaders;
    return writeAll(this.#answers, this.#writer, this.#encode, onStarted);
  }

  /** The call is over: wakes whoever waits for room, and tells the handler's iterator even while it waits for its own next value. */
  release(failure: CallFailure, onError: (error: unknown) => void): void {
    this.#writer.close(failure);
    this.#answers?.return?.().catch(onError);
  }
}

function isResponseStream<T>(answers: AsyncIterable<T>): answers is ResponsesFromAnother<T> {
  return "opened" in answers && answers.opened instanceof Promise;
}

/** The requests of a stream, up to its proper end. */
function readRequests(stream: Readable, decode: Decode<DescMessage>): MessageReader<MessageShape<DescMessage>> {
  const requests = new MessageReader(stream, decode, () => {});
  // grpc-js says "end" also when the caller resets the stream, and "cancelled" some ticks later: a cut must not pass for the caller's last word.
  stream.on("end", () => setImmediate(() => requests.finish()));
  return requests;
}

/** An answer that cannot be encoded is a defect of ours, not a mistake of the caller. */
function responseEncoder(encode: Encode<DescMessage>): Encode<DescMessage> {
  return (message) => {
    try {
      return encode(message);
    } catch (error) {
      throw new Error("The answer cannot be encoded.", { cause: error });
    }
  };
}

function malformedRequest(typeName: string, cause: unknown): CallFailure {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return fieldInvalid({ field: "", description: `is not a valid ${typeName}: ${detail}` });
}

function draining(): CallFailure {
  return new CallFailure({
    code: status.UNAVAILABLE,
    reason: ErrorReason.NOT_READY,
    message: "The service is draining; call again.",
  });
}

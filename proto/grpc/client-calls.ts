import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import {
  type CallOptions as GrpcCallOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
  type Metadata,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { ErrorReason } from "../gen/windlass/v1/error_reason_pb.ts";
import { CallFailure } from "./call-failure.ts";
import type { ClientChannel } from "./channel.ts";
import type { BidiCall, CallOptions, ResponseStream } from "./client-call.ts";
import { callFailureFromServiceError } from "./failure-status.ts";
import { createDecoder, createEncoder } from "./message-codec.ts";
import { MessageReader } from "./message-reader.ts";
import { MessageWriter, writeAll } from "./message-writer.ts";
import { methodPath, passBytes } from "./service-definition.ts";

type Request = Record<string, unknown>;
type Response = MessageShape<DescMessage>;

/** How a method is spoken over a channel. */
interface Spoken<Req, Res> {
  readonly path: string;
  readonly encode: (request: Req) => Buffer;
  readonly decode: (bytes: Buffer) => Res;
}

export const unaryCall = (method: DescMethod, channel: ClientChannel) => unary(channel, speak(method, channel));
export const serverStreamingCall = (method: DescMethod, channel: ClientChannel) =>
  serverStreaming(channel, speak(method, channel));
export const clientStreamingCall = (method: DescMethod, channel: ClientChannel) =>
  clientStreaming(channel, speak(method, channel));
export const bidiStreamingCall = (method: DescMethod, channel: ClientChannel) =>
  bidiStreaming(channel, speak(method, channel));

/** The calls of a method whose messages stay bytes; the one that its kind says is the one to use. */
export function rawCalls(method: DescMethod, channel: ClientChannel) {
  const spoken: Spoken<Buffer, Buffer> = { path: methodPath(method), encode: passBytes, decode: passBytes };
  return {
    unary: unary(channel, spoken),
    serverStreaming: serverStreaming(channel, spoken),
    clientStreaming: clientStreaming(channel, spoken),
    bidiStreaming: bidiStreaming(channel, spoken),
  };
}

function unary<Req, Res>(channel: ClientChannel, { path, encode, decode }: Spoken<Req, Res>) {
  return (request: Req, options: CallOptions = {}): Promise<Res> =>
    new Promise((resolve, reject) => {
      assertOpen(channel);
      const call = channel.grpc.makeUnaryRequest<Buffer, Buffer>(
        path,
        passBytes,
        passBytes,
        encode(request),
        metadataOf(channel, options),
        grpcOptions(options),
        (error, bytes) => {
          unbind();
          if (error !== null) reject(failureOf(error, options.signal));
          else resolve(decode(bytes ?? EMPTY));
        },
      );
      const unbind = cancelOnAbort(call, options.signal);
    });
}

function serverStreaming<Req, Res>(channel: ClientChannel, { path, encode, decode }: Spoken<Req, Res>) {
  return (request: Req, options: CallOptions = {}): ResponseStream<Res> => {
    assertOpen(channel);
    const stream = channel.grpc.makeServerStreamRequest<Buffer, Buffer>(
      path,
      passBytes,
      passBytes,
      encode(request),
      metadataOf(channel, options),
      grpcOptions(options),
    );
    return responsesOf(stream, decode, options.signal, () => {});
  };
}

function clientStreaming<Req, Res>(channel: ClientChannel, { path, encode, decode }: Spoken<Req, Res>) {
  return (requests: AsyncIterable<Req>, options: CallOptions = {}): Promise<Res> =>
    new Promise((resolve, reject) => {
      assertOpen(channel);
      const stream = channel.grpc.makeClientStreamRequest<Buffer, Buffer>(
        path,
        passBytes,
        passBytes,
        metadataOf(channel, options),
        grpcOptions(options),
        (error, bytes) => {
          unbind();
          const failure = error === null ? callIsOver() : failureOf(error, options.signal);
          writer.close(failure);
          void leave(source);
          if (error !== null) reject(failure);
          else resolve(decode(bytes ?? EMPTY));
        },
      );
      const unbind = cancelOnAbort(stream, options.signal);
      const writer = new MessageWriter(stream);
      const source = requests[Symbol.asyncIterator]();
      writeAll(source, writer, encode).then(
        () => stream.end(),
        (error: unknown) => {
          // When the call is over, its own answer came first; else the source threw, and that is the answer.
          reject(error);
          stream.cancel();
        },
      );
    });
}

function bidiStreaming<Req, Res>(channel: ClientChannel, { path, encode, decode }: Spoken<Req, Res>) {
  return (options: CallOptions = {}): BidiCall<Req, Res> => {
    assertOpen(channel);
    const stream = channel.grpc.makeBidiStreamRequest<Buffer, Buffer>(
      path,
      passBytes,
      passBytes,
      metadataOf(channel, options),
      grpcOptions(options),
    );
    const writer = new MessageWriter(stream);
    return {
      send: (request) => writer.write(encode(request)),
      drained: () => writer.drained(),
      responses: responsesOf(stream, decode, options.signal, (failure) => writer.close(failure)),
      end: () => {
        if (!writer.isClosed) stream.end();
      },
      cancel: () => stream.cancel(),
    };
  };
}

const EMPTY = Buffer.alloc(0);

/** With messages as the generated code has them. */
function speak(method: DescMethod, channel: ClientChannel): Spoken<Request, Response> {
  return {
    path: methodPath(method),
    encode: createEncoder(method.input, channel),
    decode: createDecoder(method.output, malformedResponse),
  };
}

function responsesOf<Res>(
  stream: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>,
  decode: (bytes: Buffer) => Res,
  signal: AbortSignal | undefined,
  onOver: (failure: CallFailure) => void,
): ResponseStream<Res> {
  const unbind = cancelOnAbort(stream, signal);
  const reader = new MessageReader(stream, decode, () => stream.cancel());
  stream.on("end", () => reader.finish());
  const opened = new Promise<void>((resolve, reject) => {
    stream.on("metadata", () => resolve());
    stream.on("error", (error) => {
      const failure = failureOf(error, signal);
      unbind();
      reader.fail(failure);
      onOver(failure);
      reject(failure);
    });
    stream.on("status", ({ code }: StatusObject) => {
      if (code !== status.OK) return;
      unbind();
      onOver(callIsOver());
      resolve();
    });
  });
  // Whoever does not wait for it learns of a failure from the responses.
  opened.catch(() => {});
  return Object.assign(reader, { opened });
}

/** Cancels the call when the signal aborts; the answer undoes that. */
function cancelOnAbort(call: { cancel(): void }, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => {};
  const cancel = (): void => call.cancel();
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  return () => signal.removeEventListener("abort", cancel);
}

/** Nobody wants the source's next value any more, for which it may be waiting. What its clean-up throws has nobody to go to: the call has its answer. */
async function leave(source: AsyncIterator<unknown>): Promise<void> {
  await source.return?.().catch(() => {});
}

function failureOf(error: unknown, signal: AbortSignal | undefined): CallFailure {
  const failure = callFailureFromServiceError(error);
  if (failure.code !== status.CANCELLED || signal?.aborted !== true) return failure;
  return new CallFailure({
    code: failure.code,
    reason: failure.reason,
    message: "The call was canceled by its caller.",
    cause: signal.reason,
  });
}

function metadataOf(channel: ClientChannel, options: CallOptions): Metadata {
  if (options.metadata === undefined) return channel.metadata;
  const metadata = channel.metadata.clone();
  metadata.merge(options.metadata);
  return metadata;
}

function grpcOptions(options: CallOptions): GrpcCallOptions {
  return options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
}

function assertOpen(channel: ClientChannel): void {
  if (!channel.isClosed) return;
  throw new CallFailure({
    code: status.CANCELLED,
    reason: ErrorReason.CALL_ENDED,
    message: "The channel is closed.",
  });
}

function callIsOver(): CallFailure {
  return new CallFailure({
    code: status.CANCELLED,
    reason: ErrorReason.CALL_ENDED,
    message: "The server has ended the call.",
  });
}

function malformedResponse(typeName: string, cause: unknown): CallFailure {
  return new CallFailure({
    code: status.INTERNAL,
    reason: ErrorReason.INTERNAL,
    message: `The server's answer is not a valid ${typeName}.`,
    cause,
  });
}

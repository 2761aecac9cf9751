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
import type { Metadata } from "@grpc/grpc-js";

/** What a handler knows of its call beside the request. */
export interface CallContext {
  /**
   * Aborts when the caller hangs up, its deadline passes or the server stops; its reason is then the {@link CallFailure} that the caller got.
   * The answer of a handler that goes on after that is dropped.
   */
  readonly signal: AbortSignal;
  /** The request's headers. */
  readonly metadata: Metadata;
  /** "windlass.v1.RunService/GetRun". */
  readonly method: string;
  /** When the caller stops waiting. */
  readonly deadline?: Date;
}

export type UnaryHandler<I extends DescMessage, O extends DescMessage, C> = (
  request: MessageShape<I>,
  call: C,
) => Promise<MessageInitShape<O>>;

/** Runs until its iterable ends. The iterator's return() is called whenever the call ends before that. */
export type ServerStreamingHandler<I extends DescMessage, O extends DescMessage, C> = (
  request: MessageShape<I>,
  call: C,
) => AsyncIterable<MessageInitShape<O>>;

export type ClientStreamingHandler<I extends DescMessage, O extends DescMessage, C> = (
  requests: AsyncIterable<MessageShape<I>>,
  call: C,
) => Promise<MessageInitShape<O>>;

/** `requests` ends when the caller has said all, and also when the server drains; it throws when the call ends in any other way. */
export type BidiStreamingHandler<I extends DescMessage, O extends DescMessage, C> = (
  requests: AsyncIterable<MessageShape<I>>,
  call: C,
) => AsyncIterable<MessageInitShape<O>>;

/** The handler for one method. */
export type MethodHandler<M extends DescMethod, C> =
  M extends DescMethodUnary<infer I, infer O>
    ? UnaryHandler<I, O, C>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? ServerStreamingHandler<I, O, C>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamingHandler<I, O, C>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? BidiStreamingHandler<I, O, C>
          : never;

/**
 * What a service does: one handler for each method, named as in the descriptor (lowerCamel). A handler throws {@link CallFailure} to refuse;
 * anything else it throws is a defect, and INTERNAL to the caller.
 */
export type ServiceImplementation<S extends DescService, C = CallContext> = {
  readonly [K in keyof S["method"]]: MethodHandler<S["method"][K], C>;
};

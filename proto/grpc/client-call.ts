import type { Metadata } from "@grpc/grpc-js";

/** What a single call is given beside its request. */
export interface CallOptions {
  /** Ends the call: it fails with CANCELLED, CALL_ENDED, and this signal's reason as cause. */
  readonly signal?: AbortSignal | undefined;
  /** The call's deadline, from now; the server knows it too. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Sent beside the channel's. */
  readonly metadata?: Metadata | undefined;
}

/** The answers of a call, in order, read no faster than they are taken. Iterate once; leaving the loop early cancels the call. */
export interface ResponseStream<Res> extends AsyncIterableIterator<Res, undefined> {
  /** Resolves when the server's handler has begun, rejects when the call fails before. Need not be awaited. */
  readonly opened: Promise<void>;
}

/** A call in which both sides speak at any time. */
export interface BidiCall<Req, Res> {
  /**
   * Sends a request. False means that the transport's buffer is full (await {@link drained} before the next), or that the call is over and the
   * request was dropped: {@link responses} tells why. Throws FIELD_INVALID, and sends nothing, when the request cannot be encoded.
   */
  send(request: Req): boolean;
  /** Resolves when there is room for the next request; rejects when the call is over. */
  drained(): Promise<void>;
  /** The server's answers. */
  readonly responses: ResponseStream<Res>;
  /** Says that no request follows. The server goes on answering until it ends the call. */
  end(): void;
  /** Ends the call now. */
  cancel(): void;
}

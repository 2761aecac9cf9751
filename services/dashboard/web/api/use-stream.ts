import type { DescMessage, DescMethodServerStreaming, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { useTransport } from "@connectrpc/connect-query";
import type { Transport } from "@connectrpc/connect";
import { useEffect, useEffectEvent, useState } from "react";
import { connection } from "./connection.ts";
import { isDisconnection } from "./failure.ts";
import { noteFailure } from "./transport.ts";

/** "paused" while nobody sees the page: a browser has few connections for all of its tabs. */
export type StreamState = "connecting" | "live" | "paused" | "ended" | "failed";

/** What to stream, and what to do with it. */
export interface StreamOptions<I extends DescMessage, O extends DescMessage> {
  /** Another key is another stream. */
  readonly key: string;
  /** Asked for with every connection: a stream that goes on after a break says here from where. */
  readonly request: () => MessageInitShape<I>;
  readonly onMessage: (message: MessageShape<O>) => void;
}

/**
 * Follows a stream for as long as it is shown: connects again after every break, and ends when the server has ended it. Returns its state, and
 * the error of a stream that the cluster refused.
 */
export function useStream<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  options: StreamOptions<I, O>,
): { readonly state: StreamState; readonly error: unknown } {
  const transport = useTransport();
  const [state, setState] = useState<StreamState>("connecting");
  const [error, setError] = useState<unknown>();
  const request = useEffectEvent(() => options.request());
  const onMessage = useEffectEvent((message: MessageShape<O>) => options.onMessage(message));

  useEffect(() => {
    let current: AbortController | undefined;
    let isOver = false;
    const follow = async (): Promise<void> => {
      const controller = new AbortController();
      current = controller;
      setState("connecting");
      const { signal } = controller;
      try {
        const open = (): Promise<AsyncIterable<MessageShape<O>>> => openStream(transport, method, request(), signal);
        await readAll(open, signal, onMessage, () => setState("live"));
        isOver = true;
        setState("ended");
      } catch (failure) {
        if (signal.aborted) return;
        isOver = true;
        setError(failure);
        setState("failed");
      }
    };
    const onVisibility = (): void => {
      current?.abort();
      if (isOver) return;
      if (document.visibilityState === "visible") void follow();
      else setState("paused");
    };
    onVisibility();
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      current?.abort();
    };
  }, [transport, method, options.key]);

  return { state, error };
}

/** Reads streams, one after the break of the other, until one ends well. Rejects when the signal aborts or the cluster refuses. */
async function readAll<T>(
  open: () => Promise<AsyncIterable<T>>,
  signal: AbortSignal,
  onMessage: (message: T) => void,
  onOpen: () => void,
): Promise<void> {
  for (;;) {
    try {
      await connection.whenUp(signal);
      const messages = await open();
      onOpen();
      for await (const message of messages) onMessage(message);
      return;
    } catch (error) {
      noteFailure(error, signal); // a key may be revoked in the middle of a stream
      if (signal.aborted || !isDisconnection(error)) throw error;
    }
  }
}

async function openStream<I extends DescMessage, O extends DescMessage>(
  transport: Transport,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  signal: AbortSignal,
): Promise<AsyncIterable<MessageShape<O>>> {
  async function* one(): AsyncGenerator<MessageInitShape<I>> {
    yield request;
  }
  const response = await transport.stream(method, signal, 0, undefined, one());
  return response.message;
}

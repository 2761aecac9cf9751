import { createPushStream } from "@windlass/proto/grpc";

export interface AnswerStreamOptions<Request, Response> {
  readonly requests: AsyncIterable<Request>;
  /** Answers one request. What it throws ends the stream: a refusal that must not is part of the answer. */
  readonly answer: (request: Request) => Promise<Response>;
  readonly signal: AbortSignal;
  /** Requests read whose answers are not yet sent; further ones wait in the transport (I10). */
  readonly maxInFlight: number;
  /** For messages that answer nothing: takes the function that sends one, which is false when `maxNotices` of them wait. */
  readonly notices?: { readonly maxNotices: number; readonly connect: (send: (notice: Response) => boolean) => void };
}

/** The answers of a stream whose questions are answered side by side, each as soon as it is ready. Ends when the questions have ended and all are answered. */
export async function* answerStream<Request, Response>(
  options: AnswerStreamOptions<Request, Response>,
): AsyncGenerator<Response, void> {
  const { requests, answer, signal, maxInFlight, notices } = options;
  const outgoing = createPushStream<{ readonly message: Response; readonly isAnswer: boolean }>(
    maxInFlight + (notices?.maxNotices ?? 0),
    signal,
  );
  let inFlight = 0;
  let waitingNotices = 0;
  let hasEnded = false;
  let makeRoom: (() => void) | undefined;

  const settle = (): void => {
    if (hasEnded && inFlight === 0) outgoing.end();
  };

  notices?.connect((message) => {
    if (waitingNotices >= notices.maxNotices || !outgoing.push({ message, isAnswer: false })) return false;
    waitingNotices += 1;
    return true;
  });

  const read = async (): Promise<void> => {
    for await (const request of requests) {
      if (outgoing.isEnded) return;
      inFlight += 1;
      answer(request).then(
        (message) => outgoing.push({ message, isAnswer: true }),
        (error: unknown) => outgoing.end(error),
      );
      if (inFlight >= maxInFlight) {
        await new Promise<void>((resolve) => {
          makeRoom = resolve;
        });
      }
    }
    hasEnded = true;
    settle();
  };

  read().catch((error: unknown) => outgoing.end(error));
  try {
    for await (const { message, isAnswer } of outgoing) {
      yield message;
      if (!isAnswer) {
        waitingNotices -= 1;
        continue;
      }
      inFlight -= 1;
      makeRoom?.();
      makeRoom = undefined;
      settle();
    }
  } finally {
    outgoing.end();
    makeRoom?.();
  }
}

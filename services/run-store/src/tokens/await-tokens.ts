import { create } from "@bufbuild/protobuf";
import { type Clock, overloaded } from "@windlass/chassis";
import { type AwaitedToken, AwaitedTokenSchema, type AwaitTokensRequest } from "@windlass/proto";
import { type CallFailure, callErrorFromFailure } from "@windlass/proto/grpc";
import { tokenNotFound } from "../failures.ts";
import { type Feed, tokenKey } from "../feed/feed.ts";
import { AwaitLoops } from "../runs/await-loops.ts";
import { parseAwaitTokens } from "../validation/token-requests.ts";
import type { FoundToken, TokenReader } from "./token-reader.ts";

/** What waiting for tokens needs. */
export interface AwaitTokensOptions {
  readonly feed: Feed;
  readonly reader: TokenReader;
  readonly clock: Clock;
}

const MAX_UNANSWERED = 10_000;
/** Tokens looked at, hence answered, in one message. */
const MAX_LOOKED_AT = 1_000;

/**
 * Answers each token that `requests` names once it has been completed or timed out. A token is first listened for and then looked at, so that nothing falls between; what
 * the feed tells is only that it is worth a look, so that an answer that waits for a slow reader is an id and not its data (I10). Ends when the requests have ended and
 * all is answered. A token beyond 10,000 unanswered ones gets OVERLOADED, another environment's TOKEN_NOT_FOUND, one that is no id FIELD_INVALID. Throws FIELD_INVALID for a
 * message that names none or more than 1,000. While the database cannot be asked, it waits and asks again.
 */
export async function* awaitTokens(
  options: AwaitTokensOptions,
  environmentId: string,
  requests: AsyncIterable<AwaitTokensRequest>,
  signal: AbortSignal,
): AsyncGenerator<AwaitedToken[], void> {
  const stream = new AwaitTokensStream(options, environmentId, signal);
  try {
    stream.begin(requests);
    yield* stream.answers();
  } finally {
    stream.close();
  }
}

class AwaitTokensStream {
  readonly #options: AwaitTokensOptions;
  readonly #environmentId: string;
  readonly #loops: AwaitLoops;
  /** Unanswered tokens, each with how to stop listening for it. */
  readonly #waiting = new Map<string, () => void>();
  /** Those among them that are worth a look: just named, told of, or not looked at for long. */
  readonly #toLookAt = new Set<string>();
  #refused: AwaitedToken[] = [];
  #hasAllRequests = false;

  constructor(options: AwaitTokensOptions, environmentId: string, signal: AbortSignal) {
    this.#options = options;
    this.#environmentId = environmentId;
    this.#loops = new AwaitLoops(options.clock, signal);
  }

  /** Starts the two loops that run beside the answers; both end when the stream is closed. */
  begin(requests: AsyncIterable<AwaitTokensRequest>): void {
    this.#loops.run(this.#receive(requests));
    this.#loops.run(this.#loops.lookAgain(() => this.#lookAgain()));
  }

  close(): void {
    this.#loops.close();
    for (const stopListening of this.#waiting.values()) stopListening();
    this.#waiting.clear();
  }

  async *answers(): AsyncGenerator<AwaitedToken[], void> {
    for (;;) {
      this.#loops.throwFailure();
      const answers = [...this.#takeRefused(), ...(await this.#look())];
      if (answers.length > 0) {
        this.#loops.sent.set();
        yield answers;
      } else if (this.#hasAllRequests && this.#waiting.size === 0 && this.#refused.length === 0) {
        return;
      } else if (this.#toLookAt.size === 0) {
        await this.#loops.toSend.wait(this.#loops.signal);
      }
    }
  }

  async #receive(requests: AsyncIterable<AwaitTokensRequest>): Promise<void> {
    for await (const request of requests) {
      // What came after the stream was closed must not be listened for: nobody would stop.
      this.#loops.signal.throwIfAborted();
      for (const [tokenId, failure] of parseAwaitTokens(request)) {
        if (this.#waiting.has(tokenId)) continue;
        if (failure !== undefined) this.#refused.push(refusal(tokenId, failure));
        else if (this.#waiting.size >= MAX_UNANSWERED) this.#refused.push(refusal(tokenId, tooMany()));
        else this.#await(tokenId);
      }
      this.#loops.toSend.set();
      // A caller that is refused more and more and reads nothing is not read on.
      while (this.#refused.length >= MAX_UNANSWERED) await this.#loops.sent.wait(this.#loops.signal);
    }
    this.#hasAllRequests = true;
    this.#loops.toSend.set();
  }

  #await(tokenId: string): void {
    const stopListening = this.#options.feed.endedTokens.listen(tokenKey(this.#environmentId, tokenId), () => {
      this.#toLookAt.add(tokenId);
      this.#loops.toSend.set();
    });
    this.#waiting.set(tokenId, stopListening);
    this.#toLookAt.add(tokenId);
  }

  #takeRefused(): AwaitedToken[] {
    const taken = this.#refused.slice(0, MAX_LOOKED_AT);
    this.#refused = this.#refused.slice(taken.length);
    return taken;
  }

  #lookAgain(): void {
    for (const tokenId of this.#waiting.keys()) this.#toLookAt.add(tokenId);
    this.#loops.toSend.set();
  }

  /** Looks at tokens that are worth it. The answers of those that have ended, or are none. */
  async #look(): Promise<AwaitedToken[]> {
    const tokenIds = Array.from(this.#toLookAt.values().take(MAX_LOOKED_AT));
    // Taken out before they are read: what is told of one meanwhile puts it in again.
    for (const tokenId of tokenIds) this.#toLookAt.delete(tokenId);
    const found = await this.#read(tokenIds);
    return tokenIds.flatMap((tokenId, index) => {
      const answer = this.#answerOf(tokenId, found[index] ?? { kind: "pending" });
      if (answer === undefined) return [];
      this.#waiting.get(tokenId)?.();
      this.#waiting.delete(tokenId);
      this.#toLookAt.delete(tokenId);
      return [answer];
    });
  }

  #answerOf(tokenId: string, found: FoundToken): AwaitedToken | undefined {
    switch (found.kind) {
      case "ended":
        return create(AwaitedTokenSchema, { tokenId, result: { case: "token", value: found.token } });
      case "missing":
        return refusal(tokenId, tokenNotFound(tokenId));
      case "unread":
        this.#toLookAt.add(tokenId);
        return undefined;
      case "pending":
        return undefined;
    }
  }

  async #read(tokenIds: readonly string[]): Promise<FoundToken[]> {
    if (tokenIds.length === 0) return [];
    const refs = tokenIds.map((tokenId) => ({ environmentId: this.#environmentId, tokenId }));
    return this.#loops.untilReady(() => this.#options.reader.submitMany(refs));
  }
}

function refusal(tokenId: string, failure: CallFailure): AwaitedToken {
  return create(AwaitedTokenSchema, {
    tokenId,
    result: { case: "error", value: callErrorFromFailure(failure) },
  });
}

function tooMany(): CallFailure {
  return overloaded(
    `More than ${MAX_UNANSWERED} tokens are waited for on this stream; name this one again when some are answered.`,
  );
}

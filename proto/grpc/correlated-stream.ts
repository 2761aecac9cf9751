import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { ErrorReason } from "../gen/windlass/v1/error_reason_pb.ts";
import { backoffMs } from "./backoff.ts";
import { CallFailure } from "./call-failure.ts";
import type { BidiCall } from "./client-call.ts";
import { callFailureFromServiceError } from "./failure-status.ts";

/** A message with which questions and answers are paired. */
export interface Correlated {
  correlationId: bigint;
}

/** How a {@link CorrelatedStream} behaves. */
export interface CorrelatedStreamOptions<Req extends Correlated, Res extends Correlated> {
  /** Opens the call, again after every break; the signal aborts when the stream is closed. */
  readonly open: (signal: AbortSignal) => BidiCall<Req, Res>;
  /**
   * What becomes of unanswered questions when the call breaks or cannot be opened: "reject" fails them, since their outcome is unknown;
   * "resend" asks them again on the next call, for questions that are safe to repeat.
   */
  readonly onBreak: "reject" | "resend";
  /** The first question of every call; the others wait for its answer. Undefined: none this time. */
  readonly greet?: () => Req | undefined;
  /** Gets the answer to the greeting, before any other question is sent. Throws to refuse it: the call is then broken and opened again. */
  readonly onGreeted?: (answer: Res) => void;
  /** Gets messages that answer nothing (correlation id 0). What it throws breaks the call. */
  readonly onPush?: (message: Res) => void;
  /** Told when the call is accepted (and the greeting answered), and when it is not any more: changes only, the error with "broken". Must not throw. */
  readonly onState?: (state: "connected" | "broken", error?: CallFailure) => void;
  /** Questions asked and not yet answered; more are refused with OVERLOADED. */
  readonly maxInFlight: number;
  /** From 0 up to 1, for the jitter. Default Math.random. */
  readonly random?: () => number;
}

/** One long-lived call, opened again whenever it breaks, over which questions are paired with their answers. */
export interface CorrelatedStream<Req extends Correlated, Res extends Correlated> {
  /**
   * Asks; the stream fills in the correlation id. Resolves with the answer, whatever it says. Rejects with OVERLOADED when too many are in flight, with
   * CALL_ENDED when the signal aborts or the stream is closed, with FIELD_INVALID when the question cannot be encoded, and under "reject" with the
   * failure that broke the call.
   */
  ask(question: Req, signal?: AbortSignal): Promise<Res>;
  /** Ends the call and fails what is unanswered. Resolves when nothing of it runs any more. */
  close(): Promise<void>;
  /** How many questions are unanswered. */
  readonly inFlight: number;
  readonly isConnected: boolean;
}

/** Makes a {@link CorrelatedStream} and opens its first call. */
export function createCorrelatedStream<Req extends Correlated, Res extends Correlated>(
  options: CorrelatedStreamOptions<Req, Res>,
): CorrelatedStream<Req, Res> {
  return new ReconnectingStream(options);
}

interface Question<Req, Res> {
  readonly message: Req;
  readonly resolve: (answer: Res) => void;
  readonly reject: (failure: CallFailure) => void;
}

class ReconnectingStream<Req extends Correlated, Res extends Correlated> implements CorrelatedStream<Req, Res> {
  readonly #options: CorrelatedStreamOptions<Req, Res>;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** Unanswered questions in the order they were asked. */
  readonly #questions = new Map<bigint, Question<Req, Res>>();
  /** Those of them that the current call has not been told, in the same order. */
  #unsent = new Set<bigint>();
  #lastId = 0n;
  /** The call in progress, also while its greeting is unanswered. */
  #opened: BidiCall<Req, Res> | undefined;
  /** The same once questions may be sent over it. */
  #call: BidiCall<Req, Res> | undefined;
  #isBlocked = false;
  #greetingId = 0n;
  #state: "connected" | "broken" | undefined;
  #failedOpens = 0;

  constructor(options: CorrelatedStreamOptions<Req, Res>) {
    this.#options = options;
    this.#running = this.#run();
  }

  get inFlight(): number {
    return this.#questions.size;
  }

  get isConnected(): boolean {
    return this.#state === "connected";
  }

  ask(message: Req, signal?: AbortSignal): Promise<Res> {
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    if (signal?.aborted === true) return Promise.reject(withdrawn(signal));
    if (this.#questions.size >= this.#options.maxInFlight) return Promise.reject(overloaded(this.#options.maxInFlight));
    return new Promise((resolve, reject) => {
      const id = this.#nextId();
      message.correlationId = id;
      if (signal === undefined) {
        this.#questions.set(id, { message, resolve, reject });
      } else {
        this.#questions.set(id, this.#withdrawable({ message, resolve, reject }, id, signal));
      }
      const call = this.#call;
      if (call === undefined || this.#isBlocked) this.#unsent.add(id);
      else if (!this.#send(call, id)) this.#block(call);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#opened?.cancel();
    this.#rejectAll(closed());
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const failure = await this.#converse(signal);
      if (signal.aborted) return;
      this.#setState("broken", failure);
      if (this.#options.onBreak === "reject") this.#rejectAll(failure);
      await this.#backOff(signal);
    }
  }

  /** One call from open to break; says why it broke. */
  async #converse(signal: AbortSignal): Promise<CallFailure> {
    try {
      const call = this.#options.open(signal);
      this.#opened = call;
      this.#begin(call);
      for await (const message of call.responses) this.#receive(message, call);
      return ended();
    } catch (error) {
      this.#opened?.cancel();
      return callFailureFromServiceError(error);
    } finally {
      this.#opened = undefined;
      this.#call = undefined;
    }
  }

  #begin(call: BidiCall<Req, Res>): void {
    this.#isBlocked = false;
    this.#unsent = new Set(this.#questions.keys());
    const greeting = this.#options.greet?.();
    if (greeting === undefined) {
      this.#greetingId = 0n;
      this.#call = call;
      call.responses.opened.then(
        () => this.#connected(call),
        () => {}, // The responses throw the same failure.
      );
      this.#sendUnsent();
    } else {
      this.#greetingId = this.#nextId();
      greeting.correlationId = this.#greetingId;
      call.send(greeting);
    }
  }

  #connected(call: BidiCall<Req, Res>): void {
    if (this.#call !== call) return;
    this.#failedOpens = 0;
    this.#setState("connected");
  }

  #receive(message: Res, call: BidiCall<Req, Res>): void {
    const id = message.correlationId;
    if (id === 0n) {
      this.#options.onPush?.(message);
      return;
    }
    if (id === this.#greetingId) {
      this.#greetingId = 0n;
      this.#options.onGreeted?.(message);
      this.#call = call;
      this.#connected(call);
      this.#sendUnsent();
      return;
    }
    const question = this.#questions.get(id);
    // A question that was withdrawn can still be answered.
    if (question === undefined) return;
    this.#questions.delete(id);
    question.resolve(message);
  }

  #sendUnsent(): void {
    const call = this.#call;
    if (call === undefined || this.#isBlocked) return;
    for (const id of this.#unsent) {
      this.#unsent.delete(id);
      if (!this.#send(call, id)) {
        this.#block(call);
        return;
      }
    }
  }

  /** False when the next has to wait. */
  #send(call: BidiCall<Req, Res>, id: bigint): boolean {
    const question = this.#questions.get(id);
    if (question === undefined) return true;
    try {
      return call.send(question.message);
    } catch (error) {
      this.#questions.delete(id);
      question.reject(callFailureFromServiceError(error));
      return true;
    }
  }

  #block(call: BidiCall<Req, Res>): void {
    this.#isBlocked = true;
    void this.#sendWhenDrained(call);
  }

  async #sendWhenDrained(call: BidiCall<Req, Res>): Promise<void> {
    try {
      await call.drained();
    } catch {
      // The call is over: the responses throw the same failure, and the next call begins anew.
      return;
    }
    if (this.#call !== call) return;
    this.#isBlocked = false;
    this.#sendUnsent();
  }

  #withdrawable(question: Question<Req, Res>, id: bigint, signal: AbortSignal): Question<Req, Res> {
    const withdraw = (): void => {
      this.#questions.delete(id);
      this.#unsent.delete(id);
      question.reject(withdrawn(signal));
    };
    signal.addEventListener("abort", withdraw, { once: true });
    return {
      message: question.message,
      resolve: (answer) => {
        signal.removeEventListener("abort", withdraw);
        question.resolve(answer);
      },
      reject: (failure) => {
        signal.removeEventListener("abort", withdraw);
        question.reject(failure);
      },
    };
  }

  #rejectAll(failure: CallFailure): void {
    const questions = [...this.#questions.values()];
    this.#questions.clear();
    this.#unsent.clear();
    for (const question of questions) question.reject(failure);
  }

  #setState(state: "connected" | "broken", failure?: CallFailure): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state, failure);
  }

  async #backOff(signal: AbortSignal): Promise<void> {
    this.#failedOpens += 1;
    const waitMs = backoffMs(this.#failedOpens, { random: this.#options.random });
    // Rejects only when the stream is closed, which ends the loop.
    await delay(waitMs, undefined, { signal }).catch(() => {});
  }

  #nextId(): bigint {
    this.#lastId += 1n;
    return this.#lastId;
  }
}

function ended(): CallFailure {
  return new CallFailure({
    code: status.UNAVAILABLE,
    reason: ErrorReason.NOT_READY,
    message: "The server ended the stream.",
  });
}

function closed(): CallFailure {
  return new CallFailure({
    code: status.CANCELLED,
    reason: ErrorReason.CALL_ENDED,
    message: "The stream is closed.",
  });
}

function withdrawn(signal: AbortSignal): CallFailure {
  return new CallFailure({
    code: status.CANCELLED,
    reason: ErrorReason.CALL_ENDED,
    message: "The question was withdrawn before it was answered.",
    cause: signal.reason,
  });
}

function overloaded(limit: number): CallFailure {
  return new CallFailure({
    code: status.RESOURCE_EXHAUSTED,
    reason: ErrorReason.OVERLOADED,
    message: `${limit} questions are unanswered, which is the limit; ask again when some are answered.`,
  });
}

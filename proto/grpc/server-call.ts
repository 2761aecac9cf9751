import { type Metadata, status } from "@grpc/grpc-js";
import { ErrorReason } from "../gen/windlass/v1/error_reason_pb.ts";
import { CallFailure, asCallFailure } from "./call-failure.ts";
import type { RunningCall, RunningCalls } from "./running-calls.ts";
import type { CallContext } from "./service-implementation.ts";

/** The longest delay that setTimeout takes. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** What every kind of grpc-js server call has. */
export interface ServerSurface {
  readonly metadata: Metadata;
  on(event: "cancelled", listener: () => void): unknown;
  getDeadline(): Date | number;
}

/** What a server wants to know and decide about its calls. */
export interface CallHooks<C> {
  /** Makes what handlers are given of what every call has, for example by adding who calls. May throw a CallFailure to refuse. */
  readonly context: (call: CallContext) => C;
  /** A handler threw something that is not a CallFailure, or its answer cannot be encoded. The caller gets INTERNAL. */
  readonly onDefect: (error: unknown, method: string) => void;
  /** A handler has returned; `failure` is why its call failed, if it did. */
  readonly onEnd?: ((call: C, failure: CallFailure | undefined) => void) | undefined;
  /** Where calls are kept while they run. */
  readonly runningCalls?: RunningCalls | undefined;
}

/** How the parts of one call are told of its end. */
interface CallEnd {
  /** Answers the caller. */
  readonly answer: (failure: CallFailure) => void;
  /** Lets go of what the handler may be waiting for. */
  readonly release: (failure: CallFailure) => void;
  /** For a request stream: ends it as if the caller had said all. */
  readonly endRequests?: () => void;
}

/**
 * One call on its way through a handler: one signal for hanging up, deadline and stop, and exactly one answer.
 * The caller is answered at once when the call is aborted, whatever the handler does; a handler that ignores its signal keeps only itself busy.
 */
export class ServerCall<C> implements RunningCall {
  readonly isStream: boolean;
  readonly #hooks: CallHooks<C>;
  readonly #end: CallEnd;
  readonly #base: CallContext;
  readonly #controller = new AbortController();
  readonly #deadlineTimer: NodeJS.Timeout | undefined;
  #failure: CallFailure | undefined;
  #isOver = false;

  constructor(surface: ServerSurface, method: string, isStream: boolean, hooks: CallHooks<C>, end: CallEnd) {
    this.isStream = isStream;
    this.#hooks = hooks;
    this.#end = end;
    const deadlineMs = Number(surface.getDeadline());
    this.#base = {
      signal: this.#controller.signal,
      metadata: surface.metadata,
      method,
      ...(Number.isFinite(deadlineMs) ? { deadline: new Date(deadlineMs) } : {}),
    };
    if (this.#base.deadline !== undefined) {
      const leftMs = Math.min(Math.max(0, deadlineMs - Date.now()), MAX_TIMEOUT_MS);
      this.#deadlineTimer = setTimeout(() => this.abort(deadlinePassed()), leftMs);
    }
    // grpc-js emits this at every end of a call, its normal one too.
    surface.on("cancelled", () => {
      if (!this.#isOver) this.abort(hungUp());
    });
  }

  /** The handler is done and its answer follows. False when the caller has its answer already. */
  succeed(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    return true;
  }

  /** Runs the handler. `work` answers the caller when it succeeds; whatever it throws is the answer when it fails. */
  async run(work: (context: C) => Promise<void>): Promise<void> {
    this.#hooks.runningCalls?.add(this);
    let context: C | undefined;
    try {
      context = this.#hooks.context(this.#base);
      await work(context);
    } catch (error) {
      this.#fail(error);
    } finally {
      clearTimeout(this.#deadlineTimer);
      this.#hooks.runningCalls?.delete(this);
      if (context !== undefined) this.#hooks.onEnd?.(context, this.#failure);
    }
  }

  endRequests(): void {
    if (!this.#isOver) this.#end.endRequests?.();
  }

  abort(failure: CallFailure): void {
    if (this.#isOver) return;
    this.#settle(failure);
    this.#controller.abort(failure);
    this.#end.release(failure);
  }

  /** Reports what a handler threw after its call was over, unless it only says that it was interrupted. */
  reportLate(error: unknown): void {
    const isInterruption = error instanceof CallFailure || (error instanceof Error && error.name === "AbortError");
    if (!isInterruption) this.#hooks.onDefect(error, this.#base.method);
  }

  #fail(error: unknown): void {
    if (this.#isOver) {
      this.reportLate(error);
      return;
    }
    if (!(error instanceof CallFailure)) this.#hooks.onDefect(error, this.#base.method);
    this.#settle(asCallFailure(error));
  }

  #settle(failure: CallFailure): void {
    this.#isOver = true;
    this.#failure = failure;
    this.#end.answer(failure);
  }
}

function hungUp(): CallFailure {
  return new CallFailure({
    code: status.CANCELLED,
    reason: ErrorReason.CALL_ENDED,
    message: "The caller hung up.",
  });
}

function deadlinePassed(): CallFailure {
  return new CallFailure({
    code: status.DEADLINE_EXCEEDED,
    reason: ErrorReason.CALL_ENDED,
    message: "The caller's deadline passed before the answer was ready.",
  });
}

import type { Clock } from "@windlass/chassis";
import {
  ErrorReason,
  type Hello,
  type SessionRequest,
  type SessionResponse,
  type SupervisorMessage,
  type WorkerMessage,
} from "@windlass/proto";
import { CallFailure, createPushStream } from "@windlass/proto/grpc";
import type { Gate } from "./gate.ts";
import { type JudgedAttempt, judgeMessage, type SessionState } from "./session-rules.ts";

/** Who a session belongs to, and hears what its worker says. Called synchronously, in the order of the messages. */
export interface SessionOwner {
  /** The environment that it acts for. */
  readonly environmentId: string;
  /** What GetWorkerConfig answers. Rejects with CallFailure when the variables cannot be had. */
  readVariables(): Promise<Readonly<Record<string, string>>>;
  /** The worker has proved itself; the session is idle. */
  onHello(hello: Hello, session: WorkerSession): void;
  /** An accepted message; every case but `hello`. */
  onMessage(message: WorkerMessage): void;
  /** The worker broke the protocol. `onEnd` follows. */
  onViolation(violation: string): void;
  /** Nothing more comes from the worker. */
  onEnd(): void;
}

/** Finds the owner of a worker that proves itself with this token, once. */
export type ClaimOwner = (token: string) => SessionOwner | undefined;

/** What a message costs that brings nothing: so long is the worker not read. A flood is so kept to a few percent of our time. */
const idleMessagePauseMs = 0.1;
const longestPauseMs = 500;
/** A worker that leaves more unread than this does not read: it is never told so much. */
const maxUnsentMessages = 64;

/**
 * One worker's session, as its supervisor sees it. It reads on only while the gate is open, so that a supervisor that
 * cannot report slows its workers down instead of filling up.
 */
export class WorkerSession implements SessionState {
  isGreeted = false;
  /** What the worker executes; set by the owner before it sends StartAttempt, and cleared when the attempt has ended. */
  attempt: JudgedAttempt | undefined;
  /** The Ping that awaits its Pong. */
  pingId: bigint | undefined;

  readonly #claimOwner: ClaimOwner;
  readonly #gate: Gate;
  readonly #clock: Pick<Clock, "sleep">;
  readonly #processGone = Promise.withResolvers<void>();
  readonly #responses = createPushStream<SessionResponse>(maxUnsentMessages);
  #isProcessGone = false;
  /** How many messages of the last request brought nothing. */
  #idleMessages = 0;
  #owner: SessionOwner | undefined;

  constructor(claimOwner: ClaimOwner, gate: Gate, clock: Pick<Clock, "sleep">) {
    this.#claimOwner = claimOwner;
    this.#gate = gate;
    this.#clock = clock;
  }

  get isTokenKnown(): boolean {
    return this.#owner !== undefined;
  }

  /** What goes to the worker. */
  get responses(): AsyncIterable<SessionResponse> {
    return this.#responses;
  }

  /** False when the session has ended or the worker does not read. */
  send(body: SupervisorMessage["body"]): boolean {
    return this.#responses.push({
      $typeName: "windlass.worker.v1.SessionResponse",
      messages: [{ $typeName: "windlass.worker.v1.SupervisorMessage", body }],
    });
  }

  /** The process is gone: what it had said is read to the end whatever the gate says; that is not much any more. */
  processGone(): void {
    this.#isProcessGone = true;
    this.#processGone.resolve();
  }

  close(): void {
    this.#responses.end();
  }

  /** Reads until the worker ends the session or breaks the protocol. Never rejects. */
  async read(requests: AsyncIterable<SessionRequest>): Promise<void> {
    try {
      for await (const { messages } of requests) {
        const violation = this.#handle(messages);
        if (violation !== undefined) {
          this.#owner?.onViolation(violation);
          break;
        }
        if (this.#idleMessages > 0 && !this.#isProcessGone) await this.#clock.sleep(this.#pauseMs());
        if (this.#gate.isClosed && !this.#isProcessGone) {
          await Promise.race([this.#gate.opened(), this.#processGone.promise]);
        }
      }
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      // Any other break is how a process that dies ends its session.
      if (error.reason === ErrorReason.FIELD_INVALID) this.#owner?.onViolation("it sent a malformed message");
    } finally {
      this.close();
      this.#owner?.onEnd();
    }
  }

  #pauseMs(): number {
    return Math.min(longestPauseMs, Math.max(1, this.#idleMessages * idleMessagePauseMs));
  }

  /** The violation that ends the session, if there is one. */
  #handle(messages: readonly WorkerMessage[]): string | undefined {
    if (messages.length === 0) return "it sent a request without messages";
    this.#idleMessages = 0;
    for (const message of messages) {
      const { body } = message;
      if (!this.isGreeted && body.case === "hello") this.#owner ??= this.#claimOwner(body.value.token);
      const verdict = judgeMessage(this, message);
      if (verdict === "drop") {
        this.#idleMessages += 1;
        continue;
      }
      if (verdict !== "accept") return verdict.violation;
      if (body.case === "hello") {
        this.isGreeted = true;
        this.#owner?.onHello(body.value, this);
      } else {
        this.#owner?.onMessage(message);
        // A description replaces the one before it, so the faster they come the less they are worth.
        const isFlood = body.case === "log" && this.attempt?.isFlooding === true;
        if (isFlood || body.case === "describeRun") this.#idleMessages += 1;
      }
    }
    return undefined;
  }
}

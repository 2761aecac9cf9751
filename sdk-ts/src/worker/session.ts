import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  Cancel,
  HelloSchema,
  SessionRequestSchema,
  SessionResponse,
  StartAttempt,
  SupervisorMessage,
} from "@windlass/proto";
import type { BidiCall } from "@windlass/proto/grpc";
import { Attempt } from "./attempt.ts";
import type { LoopLag } from "./loop-lag.ts";
import { Outbox } from "./outbox.ts";
import { durationFromMs, msFromDuration, timestampFromMs } from "./protocol-time.ts";

/** What a session needs of its process. */
export interface SessionProcess {
  /** Puts the process back as the next attempt must find it. Throws when it cannot. */
  restore(): void;
  /** Writes for whoever reads the process's own output. */
  complain(message: string, error: unknown): void;
  readonly loopLag: LoopLag;
}

type SessionCall = BidiCall<MessageInitShape<typeof SessionRequestSchema>, SessionResponse>;

/** The worker's side of windlass.worker.v1: executes one attempt at a time until it is told to shut down or the stream ends. */
export class Session {
  readonly #call: SessionCall;
  readonly #outbox: Outbox;
  readonly #process: SessionProcess;
  #attempt: Attempt | undefined;
  /** Something happened between attempts that the next one must not inherit. */
  #isPoisoned = false;

  constructor(call: SessionCall, process: SessionProcess) {
    this.#call = call;
    this.#outbox = new Outbox(call);
    this.#process = process;
  }

  greet(hello: MessageInitShape<typeof HelloSchema>): void {
    this.#outbox.push({ case: "hello", value: hello });
    this.#outbox.flush();
  }

  /** Resolves when the supervisor says Shutdown; rejects when the stream ends in any other way, or the supervisor breaks the protocol. */
  async serve(): Promise<void> {
    for await (const { messages } of this.#call.responses) {
      for (const message of messages) {
        if (message.body.case === "shutdown") return;
        this.#handle(message.body);
      }
    }
    throw new Error("the supervisor ended the session");
  }

  /** See {@link Outbox.unsentLogLines}. */
  unsentLogLines(): string[] {
    return this.#outbox.unsentLogLines();
  }

  /** An exception or a rejection that nobody awaited. It fails the attempt that runs. */
  uncaught(thrown: unknown): void {
    if (this.#attempt !== undefined) {
      this.#attempt.interrupt(thrown);
      return;
    }
    this.#isPoisoned = true;
    this.#process.complain("an earlier attempt left something behind that threw", thrown);
  }

  #handle(body: SupervisorMessage["body"]): void {
    switch (body.case) {
      case "startAttempt":
        this.#start(body.value);
        return;
      case "cancel":
        this.#cancel(body.value);
        return;
      case "resume":
        // The attempt may have ended while the message was on its way.
        if (this.#attempt?.runId === body.value.runId) this.#attempt.resume(body.value.waitId);
        return;
      case "ping": {
        const loopLag = durationFromMs(this.#process.loopLag.takeMaxMs());
        this.#outbox.push({ case: "pong", value: { id: body.value.id, loopLag } });
        return;
      }
      default:
        // A message of a later protocol version: the supervisor knows from Hello that it may be ignored.
        return;
    }
  }

  #start(start: StartAttempt): void {
    if (this.#attempt !== undefined)
      throw new Error(`attempt of ${start.runId} while ${this.#attempt.runId} is running`);
    const attempt = new Attempt(start, this.#outbox);
    this.#attempt = attempt;
    this.#execute(attempt).catch((error: unknown) => {
      this.#process.complain("a defect of the worker", error);
      this.#call.cancel();
    });
  }

  async #execute(attempt: Attempt): Promise<void> {
    const { result, bytes } = await attempt.execute();
    this.#attempt = undefined;
    try {
      this.#process.restore();
    } catch (error) {
      this.#isPoisoned = true;
      this.#process.complain("an attempt changed the process in a way that cannot be undone", error);
    }
    const discardWorker = attempt.isSuspect || this.#isPoisoned;
    const time = timestampFromMs(Date.now());
    this.#outbox.push({ case: "attemptFinished", value: { runId: attempt.runId, time, result, discardWorker } }, bytes);
  }

  #cancel({ runId, reason, timeLeft }: Cancel): void {
    // The attempt may have ended while the cancel was on its way.
    if (this.#attempt?.runId !== runId) return;
    this.#outbox.push({ case: "cancelAck", value: { runId } });
    this.#outbox.flush();
    this.#attempt.cancel(reason, timeLeft === undefined ? undefined : msFromDuration(timeLeft));
  }
}

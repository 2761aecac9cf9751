import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type TaskService,
  type TriggeredRun,
  type TriggerResult,
  type TriggerSchema,
  type TriggerTasksRequestSchema,
  type TriggerTasksResponse,
} from "@windlass/proto";
import {
  type CallFailure,
  callFailureFromError,
  type Client,
  type Correlated,
  type CorrelatedStream,
  createCorrelatedStream,
} from "@windlass/proto/grpc";
import { Activity } from "./activity.ts";
import { isRefusal } from "./retrying.ts";
import { WindlassError, windlassErrorFrom } from "./windlass-error.ts";

/** What became of one trigger of several. */
export type TriggerOutcome =
  | { readonly ok: true; readonly run: TriggeredRun }
  | { readonly ok: false; readonly error: WindlassError };

/** A trigger, with the request id that makes it safe to repeat. */
export type OutgoingTrigger = MessageInitShape<typeof TriggerSchema>;

type Question = MessageInitShape<typeof TriggerTasksRequestSchema> & Correlated;
type Stream = CorrelatedStream<Question, TriggerTasksResponse>;

/** What one message takes. */
export const MAX_TRIGGERS_IN_MESSAGE = 1_000;
/** Far enough below the 16 MB of a message that one more payload of 3 MB fits. */
export const MAX_PAYLOAD_BYTES_IN_MESSAGE = 8 * 1024 * 1024;
const MAX_UNANSWERED = 100_000;
const MAX_UNANSWERED_BYTES = 256 * 1024 * 1024;

interface Waiting {
  readonly trigger: OutgoingTrigger;
  readonly bytes: number;
  readonly resolve: (run: TriggeredRun) => void;
  readonly reject: (error: WindlassError) => void;
}

/**
 * Triggers made in the same turn of the event loop travel as one message on one long-lived stream. When the stream
 * breaks, what is unanswered is sent again on the next one: the request ids make that safe.
 */
export class TriggerStream {
  readonly #client: Client<typeof TaskService>;
  readonly #timeoutMs: number;
  readonly #activity = new Activity(() => void this.#closeStream());
  #stream: Stream | undefined;
  #gathering: Waiting[] = [];
  #unansweredBytes = 0;
  /** One for each message under way; aborted with the error that its triggers get. */
  readonly #questions = new Set<AbortController>();
  #lastFailure: CallFailure | undefined;
  #isClosed = false;

  constructor(client: Client<typeof TaskService>, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves once the run is stored. Rejects with a WindlassError. */
  trigger(trigger: OutgoingTrigger): Promise<TriggeredRun> {
    if (this.#isClosed) return Promise.reject(closed());
    const bytes = bytesOf(trigger);
    if (this.#activity.count >= MAX_UNANSWERED || this.#unansweredBytes + bytes > MAX_UNANSWERED_BYTES) {
      return Promise.reject(
        new WindlassError("OVERLOADED", `${this.#activity.count} triggers of this program are unanswered.`),
      );
    }
    this.#activity.begin();
    this.#unansweredBytes += bytes;
    const answered = new Promise<TriggeredRun>((resolve, reject) => {
      if (this.#gathering.length === 0) setImmediate(() => this.#sendGathered());
      this.#gathering.push({ trigger, bytes, resolve, reject });
    });
    return answered.finally(() => {
      this.#activity.end();
      this.#unansweredBytes -= bytes;
    });
  }

  /**
   * Sends up to 1,000 triggers as one message of at most 16 MB, now. Resolves with what became of each, in their order, once the runs are stored; a trigger
   * that is refused fails alone. Rejects with a WindlassError when none was answered: then they may be stored all the same.
   */
  async triggerTogether(triggers: readonly OutgoingTrigger[]): Promise<TriggerOutcome[]> {
    if (this.#isClosed) throw closed();
    this.#activity.begin();
    try {
      const results = await this.#ask(triggers);
      return triggers.map((_, index) => outcomeOf(results[index]));
    } finally {
      this.#activity.end();
    }
  }

  /** Resolves as soon as nothing is unanswered. */
  none(): Promise<void> {
    return this.#activity.none();
  }

  /** Fails what is unanswered with CALL_ENDED: it may have been stored. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const gathered = this.#gathering;
    this.#gathering = [];
    for (const { reject } of gathered) reject(closed());
    this.#failAll(closed());
    await this.#closeStream();
  }

  async #closeStream(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  #sendGathered(): void {
    const gathered = this.#gathering;
    this.#gathering = [];
    for (let start = 0; start < gathered.length;) {
      const end = endOfMessage(gathered, start);
      void this.#send(gathered.slice(start, end));
      start = end;
    }
  }

  /** Sends one message and settles its triggers. */
  async #send(waiting: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#ask(waiting.map(({ trigger }) => trigger));
      for (const [index, { resolve, reject }] of waiting.entries()) {
        const outcome = outcomeOf(results[index]);
        if (outcome.ok) resolve(outcome.run);
        else reject(outcome.error);
      }
    } catch (error) {
      for (const { reject } of waiting) reject(windlassErrorFrom(error));
    }
  }

  /** Sends one message. Rejects with a WindlassError when it is not answered. */
  async #ask(triggers: readonly OutgoingTrigger[]): Promise<readonly TriggerResult[]> {
    const question = new AbortController();
    this.#questions.add(question);
    const timer = setTimeout(() => question.abort(this.#notAnswered()), this.#timeoutMs);
    try {
      const request = { correlationId: 0n, triggers: [...triggers] };
      return (await this.#openStream().ask(request, question.signal)).results;
    } catch (error) {
      throw windlassErrorFrom(question.signal.aborted ? question.signal.reason : error);
    } finally {
      clearTimeout(timer);
      this.#questions.delete(question);
    }
  }

  #openStream(): Stream {
    this.#stream ??= createCorrelatedStream<Question, TriggerTasksResponse>({
      open: (signal) => {
        const call = this.#client.triggerTasks({ signal });
        call.responses.opened.then(
          () => (this.#lastFailure = undefined),
          (failure: CallFailure) => this.#openFailed(failure),
        );
        return call;
      },
      onBreak: "resend",
      maxInFlight: MAX_UNANSWERED,
    });
    return this.#stream;
  }

  #openFailed(failure: CallFailure): void {
    this.#lastFailure = failure;
    if (!isRefusal(failure)) return;
    this.#failAll(windlassErrorFrom(failure));
    void this.#closeStream();
  }

  #failAll(error: WindlassError): void {
    for (const question of this.#questions) question.abort(error);
  }

  #notAnswered(): WindlassError {
    const reason = this.#lastFailure === undefined ? "CALL_ENDED" : windlassErrorFrom(this.#lastFailure).reason;
    const detail = this.#lastFailure === undefined ? "" : ` ${this.#lastFailure.message}`;
    return new WindlassError(
      reason,
      `The trigger was not answered within ${this.#timeoutMs} ms; it may have been stored all the same.${detail}`,
    );
  }
}

function closed(): WindlassError {
  return new WindlassError("CALL_ENDED", "The connection was closed before the trigger was answered.");
}

/** Where the message ends that begins at `start`. */
function endOfMessage(waiting: readonly Waiting[], start: number): number {
  let end = start;
  let bytes = 0;
  while (end < waiting.length && end - start < MAX_TRIGGERS_IN_MESSAGE && bytes <= MAX_PAYLOAD_BYTES_IN_MESSAGE) {
    bytes += waiting[end]!.bytes;
    end += 1;
  }
  return end;
}

/** About how large it is. */
export function bytesOf({ payload, options }: Pick<OutgoingTrigger, "payload" | "options">): number {
  return (payload?.data?.length ?? 0) + (options?.metadata?.data?.length ?? 0);
}

function outcomeOf(answer: TriggerResult | undefined): TriggerOutcome {
  const result = answer?.result;
  switch (result?.case) {
    case "run":
      return { ok: true, run: result.value };
    case "error":
      return { ok: false, error: windlassErrorFrom(callFailureFromError(result.value)) };
    default:
      return { ok: false, error: new WindlassError("INTERNAL", "The cluster's answer has no result for the trigger.") };
  }
}

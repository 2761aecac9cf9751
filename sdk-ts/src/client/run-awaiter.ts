import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AwaitedRun, AwaitRunsRequestSchema, AwaitRunsResponse, Run, RunService } from "@windlass/proto";
import {
  type BidiCall,
  type CallFailure,
  callFailureFromError,
  callFailureFromServiceError,
  type Client,
} from "@windlass/proto/grpc";
import { Activity } from "./activity.ts";
import { backOff, isRefusal } from "./retrying.ts";
import { WindlassError, windlassErrorFrom } from "./windlass-error.ts";

type AwaitCall = BidiCall<MessageInitShape<typeof AwaitRunsRequestSchema>, AwaitRunsResponse>;

const MAX_RUNS_IN_MESSAGE = 1_000;
/** What AwaitRuns allows on a stream; further runs are named as earlier ones end. */
const MAX_ASKED = 10_000;
const MAX_WAITS = 1_000_000;

interface Wait {
  readonly resolve: (run: Run) => void;
  readonly reject: (error: WindlassError) => void;
}

/**
 * Waits for the ends of any number of runs over one stream, open only while there are any. When it breaks, the runs are
 * named again on the next one; a cluster that cannot be reached for as long as the time limit fails them all.
 */
export class RunAwaiter {
  readonly #client: Client<typeof RunService>;
  readonly #timeoutMs: number;
  readonly #activity = new Activity(() => this.#call?.cancel());
  /** By run id. */
  readonly #waits = new Map<string, Set<Wait>>();
  /** Runs of `#waits` that the call in progress has not been told of. */
  #unasked = new Set<string>();
  /** Runs that it has been told of and not answered. */
  #asked = new Set<string>();
  #call: AwaitCall | undefined;
  #isBlocked = false;
  #isRunning = false;
  #isAskScheduled = false;
  #failedTries = 0;
  #brokenSinceMs: number | undefined;
  #isClosed = false;

  constructor(client: Client<typeof RunService>, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Resolves with the run, output and error included, once it has ended. Rejects with a WindlassError: RUN_NOT_FOUND,
   * or CALL_ENDED when the signal aborts.
   */
  wait(runId: string, signal?: AbortSignal): Promise<Run> {
    if (this.#isClosed) return Promise.reject(closed());
    if (signal?.aborted === true) return Promise.reject(withdrawn(runId, signal));
    if (this.#activity.count >= MAX_WAITS) {
      return Promise.reject(
        new WindlassError("OVERLOADED", `${this.#activity.count} runs are awaited by this program.`),
      );
    }
    this.#activity.begin();
    const ended = new Promise<Run>((resolve, reject) => this.#add(runId, { resolve, reject }, signal));
    return ended.finally(() => this.#activity.end());
  }

  /** Resolves as soon as nobody waits. */
  none(): Promise<void> {
    return this.#activity.none();
  }

  /** Fails what is awaited with CALL_ENDED. */
  close(): void {
    this.#isClosed = true;
    this.#rejectAll(closed());
    this.#call?.cancel();
  }

  #add(runId: string, wait: Wait, signal: AbortSignal | undefined): void {
    const waits = this.#waits.get(runId) ?? new Set();
    this.#waits.set(runId, waits);
    const withdraw = (): void => {
      this.#remove(runId, waits, added);
      wait.reject(withdrawn(runId, signal));
    };
    const settled = (): void => signal?.removeEventListener("abort", withdraw);
    const added: Wait = {
      resolve: (run) => (settled(), wait.resolve(run)),
      reject: (error) => (settled(), wait.reject(error)),
    };
    waits.add(added);
    signal?.addEventListener("abort", withdraw, { once: true });
    if (!this.#asked.has(runId)) this.#unasked.add(runId);
    this.#scheduleAsk();
  }

  #remove(runId: string, waits: Set<Wait>, wait: Wait): void {
    waits.delete(wait);
    if (waits.size > 0 || this.#waits.get(runId) !== waits) return;
    this.#waits.delete(runId);
    this.#unasked.delete(runId);
  }

  /** Runs named in the same turn of the event loop travel together. */
  #scheduleAsk(): void {
    if (this.#isAskScheduled) return;
    this.#isAskScheduled = true;
    setImmediate(() => {
      this.#isAskScheduled = false;
      if (this.#isRunning) this.#ask();
      else void this.#run();
    });
  }

  /** Keeps a call open as long as somebody waits. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waits.size > 0) {
      const failure = await this.#converse();
      if (this.#waits.size === 0) break;
      this.#brokenSinceMs ??= performance.now();
      const isTooLong = performance.now() - this.#brokenSinceMs > this.#timeoutMs;
      if (isTooLong || isRefusal(failure)) this.#rejectAll(windlassErrorFrom(failure));
      else await backOff(this.#failedTries++);
    }
    this.#isRunning = false;
  }

  /** One call from open to break; says why it broke. */
  async #converse(): Promise<CallFailure> {
    const call = this.#client.awaitRuns();
    this.#call = call;
    this.#isBlocked = false;
    this.#asked = new Set();
    this.#unasked = new Set(this.#waits.keys());
    call.responses.opened.then(
      () => this.#opened(),
      () => {}, // The responses throw the same failure.
    );
    this.#ask();
    try {
      for await (const { results } of call.responses) {
        for (const result of results) this.#settle(result);
        this.#ask();
      }
      throw new Error("the server ended the stream");
    } catch (error) {
      call.cancel();
      return callFailureFromServiceError(error);
    } finally {
      this.#call = undefined;
    }
  }

  #opened(): void {
    this.#failedTries = 0;
    this.#brokenSinceMs = undefined;
  }

  /** Names as many runs as the call has room for. */
  #ask(): void {
    while (this.#call !== undefined && !this.#isBlocked && this.#unasked.size > 0 && this.#asked.size < MAX_ASKED) {
      const room = Math.min(MAX_RUNS_IN_MESSAGE, MAX_ASKED - this.#asked.size);
      const runIds = this.#unasked.values().take(room).toArray();
      for (const runId of runIds) {
        this.#unasked.delete(runId);
        this.#asked.add(runId);
      }
      if (!this.#call.send({ runIds })) this.#block(this.#call);
    }
  }

  #block(call: AwaitCall): void {
    this.#isBlocked = true;
    call.drained().then(
      () => {
        if (this.#call !== call) return;
        this.#isBlocked = false;
        this.#ask();
      },
      () => {}, // The call is over; the next one begins anew.
    );
  }

  #settle({ runId, result }: AwaitedRun): void {
    this.#asked.delete(runId);
    const waits = this.#waits.get(runId);
    if (waits === undefined) return; // Withdrawn while it was asked.
    this.#waits.delete(runId);
    for (const { resolve, reject } of waits) {
      if (result.case === "run") resolve(result.value);
      else if (result.case === "error") reject(windlassErrorFrom(callFailureFromError(result.value)));
      else reject(new WindlassError("INTERNAL", `The cluster's answer says nothing of ${runId}.`));
    }
  }

  #rejectAll(error: WindlassError): void {
    const all = [...this.#waits.values()];
    this.#waits.clear();
    this.#unasked.clear();
    this.#opened();
    for (const waits of all) for (const { reject } of waits) reject(error);
  }
}

function closed(): WindlassError {
  return new WindlassError("CALL_ENDED", "The connection was closed before the run ended; the run goes on.");
}

function withdrawn(runId: string, signal: AbortSignal | undefined): WindlassError {
  return new WindlassError("CALL_ENDED", `The wait for ${runId} was ended before the run was.`, {
    cause: signal?.reason,
  });
}

import { create } from "@bufbuild/protobuf";
import { type Clock, overloaded } from "@windlass/chassis";
import { type AwaitedRun, AwaitedRunSchema, type AwaitRunsRequest, ErrorReason, type Run } from "@windlass/proto";
import { CallFailure, callErrorFromFailure } from "@windlass/proto/grpc";
import { runNotFound } from "../failures.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { parseAwaitRuns } from "../validation/run-requests.ts";
import { type AnsweredRun, type AwaitedRuns, createAwaitedRuns } from "./awaited-runs.ts";
import type { RunEndReader } from "./run-end-reader.ts";
import { createWakeUp } from "./wake-up.ts";

/** What waiting for runs needs. */
export interface AwaitRunsOptions {
  readonly feed: Feed;
  readonly reader: RunEndReader;
  readonly clock: Clock;
}

const MAX_UNANSWERED = 10_000;
const FIND_PER_BATCH = 1_000;
/** How often runs that go on are looked up, in case the notice of their end was lost (I9). */
const LOOK_AGAIN_MS = { min: 8_000, max: 12_000 };
/** How soon after the database could not be asked, or too many asked. */
const RETRY_MS = 1_000;

/**
 * Answers each run that `requests` names once it has ended. A run is first listened for and then looked up, so that nothing falls between, unless this process knows it to
 * be live; most are answered by the feed alone. Ends when the requests have ended and all is answered. A run beyond 10,000 unanswered ones gets OVERLOADED, another environment's RUN_NOT_FOUND, one that is
 * no id FIELD_INVALID. Throws FIELD_INVALID for a message that names none or more than 1,000. While the database cannot be asked, it waits and asks again.
 */
export async function* awaitRuns(
  options: AwaitRunsOptions,
  environmentId: string,
  requests: AsyncIterable<AwaitRunsRequest>,
  signal: AbortSignal,
): AsyncGenerator<AwaitedRun[], void> {
  const stream = new AwaitStream(options, environmentId, signal);
  try {
    stream.begin(requests);
    yield* stream.answers();
  } finally {
    stream.close();
  }
}

class AwaitStream {
  readonly #options: AwaitRunsOptions;
  readonly #environmentId: string;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #runs: AwaitedRuns = createAwaitedRuns();
  readonly #toSend;
  readonly #sent;
  /** Those of the unanswered runs of which only the end is asked for. */
  readonly #endIsEnough = new Set<string>();
  #hasAllRequests = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: AwaitRunsOptions, environmentId: string, signal: AbortSignal) {
    this.#options = options;
    this.#environmentId = environmentId;
    this.#signal = AbortSignal.any([signal, this.#closed.signal]);
    this.#toSend = createWakeUp(options.clock);
    this.#sent = createWakeUp(options.clock);
  }

  /** Starts the two loops that run beside the answers; both end when the stream is closed. */
  begin(requests: AsyncIterable<AwaitRunsRequest>): void {
    this.#run(this.#receive(requests));
    this.#run(this.#lookAgain());
  }

  close(): void {
    this.#closed.abort(new Error("the stream has ended"));
    this.#runs.clear();
  }

  async *answers(): AsyncGenerator<AwaitedRun[], void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const taken = this.#runs.take();
      if (taken.length > 0) {
        const answers = await this.#complete(taken);
        this.#sent.set();
        if (answers.length > 0) yield answers;
      } else if (this.#hasAllRequests && this.#runs.size === 0) {
        return;
      } else {
        await this.#toSend.wait(this.#signal);
      }
    }
  }

  #run(loop: Promise<void>): void {
    loop.catch((error: unknown) => {
      if (this.#closed.signal.aborted) return;
      this.#failure ??= { error };
      this.#toSend.set();
    });
  }

  async #receive(requests: AsyncIterable<AwaitRunsRequest>): Promise<void> {
    for await (const request of requests) {
      // What came after the stream was closed must not be listened for: nobody would stop.
      this.#signal.throwIfAborted();
      const named: string[] = [];
      for (const [runId, failure] of parseAwaitRuns(request)) {
        if (this.#runs.has(runId)) continue;
        if (failure !== undefined) this.#refuse(runId, failure);
        else if (this.#runs.size >= MAX_UNANSWERED) this.#refuse(runId, tooMany());
        else {
          this.#listen(runId, request.isEndEnough);
          if (!this.#options.feed.liveRuns.has(runKey(this.#environmentId, runId))) named.push(runId);
        }
      }
      this.#run(this.#find(named));
      // Refusals count too: a caller that names more and more and reads nothing is not read on.
      while (this.#runs.ready >= MAX_UNANSWERED) await this.#sent.wait(this.#signal);
    }
    this.#hasAllRequests = true;
    this.#toSend.set();
  }

  #listen(runId: string, isEndEnough: boolean): void {
    if (isEndEnough) this.#endIsEnough.add(runId);
    else this.#endIsEnough.delete(runId);
    const stopListening = this.#options.feed.finished.listen(runKey(this.#environmentId, runId), (run: Run) => {
      this.#runs.answer(runId, { kind: "run", run: isEndEnough ? withoutResult(run) : run });
      this.#toSend.set();
    });
    this.#runs.add(runId, stopListening);
  }

  #refuse(runId: string, failure: CallFailure): void {
    this.#runs.refuse(runId, callErrorFromFailure(failure));
    this.#toSend.set();
  }

  async #lookAgain(): Promise<void> {
    for (;;) {
      const { min, max } = LOOK_AGAIN_MS;
      await this.#options.clock.sleep(min + Math.random() * (max - min), this.#signal);
      const { waiting } = this.#runs;
      for (let start = 0; start < waiting.length; start += FIND_PER_BATCH)
        await this.#find(waiting.slice(start, start + FIND_PER_BATCH));
    }
  }

  /** Looks runs up, until the database has answered. */
  async #find(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) return;
    const found = await this.#untilReady(() =>
      this.#options.reader.find.submitMany(runIds.map((runId) => this.#ref(runId))),
    );
    for (const [index, runId] of runIds.entries()) {
      if (found[index] === "ended") this.#runs.answer(runId, { kind: "ended" });
      if (found[index] === "missing")
        this.#runs.answer(runId, { kind: "error", error: callErrorFromFailure(runNotFound(runId)) });
    }
    this.#toSend.set();
  }

  /** Reads the ends that are still to be read. Those that do not fit beside the others are put back. */
  async #complete(taken: readonly AnsweredRun[]): Promise<AwaitedRun[]> {
    const unread = taken.filter(({ answer }) => answer.kind === "ended").map(({ runId }) => runId);
    const { read, readBare } = this.#options.reader;
    const endByRun = new Map<string, Run | undefined>([
      ...(await this.#readEnds(
        read,
        unread.filter((runId) => !this.#endIsEnough.has(runId)),
      )),
      ...(await this.#readEnds(
        readBare,
        unread.filter((runId) => this.#endIsEnough.has(runId)),
      )),
    ]);
    const answers: AwaitedRun[] = [];
    const putBack: AnsweredRun[] = [];
    for (const entry of taken) {
      const { runId, answer } = entry;
      if (answer.kind === "error") {
        answers.push(create(AwaitedRunSchema, { runId, result: { case: "error", value: answer.error } }));
        continue;
      }
      const run = answer.kind === "run" ? answer.run : endByRun.get(runId);
      if (run === undefined) putBack.push(entry);
      else answers.push(create(AwaitedRunSchema, { runId, result: { case: "run", value: run } }));
    }
    this.#runs.putBack(putBack);
    for (const { runId } of answers) this.#endIsEnough.delete(runId);
    return answers;
  }

  async #readEnds(
    reader: RunEndReader["read"],
    runIds: readonly string[],
  ): Promise<(readonly [string, Run | undefined])[]> {
    if (runIds.length === 0) return [];
    const ends = await this.#untilReady(() => reader.submitMany(runIds.map((runId) => this.#ref(runId))));
    return runIds.map((runId, index) => [runId, ends[index]] as const);
  }

  async #untilReady<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await this.#options.clock.sleep(RETRY_MS, this.#signal);
      }
    }
  }

  #ref(runId: string) {
    return { environmentId: this.#environmentId, runId };
  }
}

function withoutResult({ output: _output, error: _error, ...run }: Run): Run {
  return run;
}

function isTemporary(error: unknown): boolean {
  return (
    error instanceof CallFailure && (error.reason === ErrorReason.NOT_READY || error.reason === ErrorReason.OVERLOADED)
  );
}

function tooMany(): CallFailure {
  return overloaded(
    `More than ${MAX_UNANSWERED} runs are waited for on this stream; name this one again when some are answered.`,
  );
}

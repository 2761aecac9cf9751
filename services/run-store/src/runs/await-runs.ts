import { create } from "@bufbuild/protobuf";
import { type Clock, overloaded } from "@windlass/chassis";
import { type AwaitedRun, AwaitedRunSchema, type AwaitRunsRequest, type Run } from "@windlass/proto";
import { type CallFailure, callErrorFromFailure } from "@windlass/proto/grpc";
import { runNotFound } from "../failures.ts";
import { type Feed, runKey } from "../feed/feed.ts";
import { parseAwaitRuns } from "../validation/run-requests.ts";
import { type AnsweredRun, type AwaitedRuns, createAwaitedRuns } from "./awaited-runs.ts";
import { AwaitLoops } from "./await-loops.ts";
import { isReadable, type ReadableRuns } from "./readable-runs.ts";
import type { RunEndReader } from "./run-end-reader.ts";

/** What waiting for runs needs. */
export interface AwaitRunsOptions {
  readonly feed: Feed;
  readonly reader: RunEndReader;
  readonly clock: Clock;
}

const MAX_UNANSWERED = 10_000;
const FIND_PER_BATCH = 1_000;

/**
 * Answers each run that `requests` names once it has ended. A run is first listened for and then looked up, so that nothing falls between, unless this process knows it to
 * be live; most are answered by the feed alone. Ends when the requests have ended and all is answered. A run beyond 10,000 unanswered ones gets
 * OVERLOADED, another environment's, or one that the caller may not read, RUN_NOT_FOUND, one that is no id FIELD_INVALID. Throws FIELD_INVALID for a message that names none or more than 1,000. While the database cannot be asked, it waits and asks again.
 */
export async function* awaitRuns(
  options: AwaitRunsOptions,
  readable: ReadableRuns,
  requests: AsyncIterable<AwaitRunsRequest>,
  signal: AbortSignal,
): AsyncGenerator<AwaitedRun[], void> {
  const stream = new AwaitStream(options, readable, signal);
  try {
    stream.begin(requests);
    yield* stream.answers();
  } finally {
    stream.close();
  }
}

class AwaitStream {
  readonly #options: AwaitRunsOptions;
  readonly #readable: ReadableRuns;
  readonly #loops: AwaitLoops;
  readonly #runs: AwaitedRuns = createAwaitedRuns();
  /** Those of the unanswered runs of which only the end is asked for. */
  readonly #endIsEnough = new Set<string>();
  #hasAllRequests = false;

  constructor(options: AwaitRunsOptions, readable: ReadableRuns, signal: AbortSignal) {
    this.#options = options;
    this.#readable = readable;
    this.#loops = new AwaitLoops(options.clock, signal);
  }

  /** Starts the two loops that run beside the answers; both end when the stream is closed. */
  begin(requests: AsyncIterable<AwaitRunsRequest>): void {
    this.#loops.run(this.#receive(requests));
    this.#loops.run(this.#loops.lookAgain(() => this.#lookAgain()));
  }

  close(): void {
    this.#loops.close();
    this.#runs.clear();
  }

  async *answers(): AsyncGenerator<AwaitedRun[], void> {
    for (;;) {
      this.#loops.throwFailure();
      const taken = this.#runs.take();
      if (taken.length > 0) {
        const answers = await this.#complete(taken);
        this.#loops.sent.set();
        if (answers.length > 0) yield answers;
      } else if (this.#hasAllRequests && this.#runs.size === 0) {
        return;
      } else {
        await this.#loops.toSend.wait(this.#loops.signal);
      }
    }
  }

  async #receive(requests: AsyncIterable<AwaitRunsRequest>): Promise<void> {
    for await (const request of requests) {
      // What came after the stream was closed must not be listened for: nobody would stop.
      this.#loops.signal.throwIfAborted();
      const named: string[] = [];
      for (const [runId, failure] of parseAwaitRuns(request)) {
        if (this.#runs.has(runId)) continue;
        if (failure !== undefined) this.#refuse(runId, failure);
        else if (!isReadable(this.#readable, runId)) this.#refuse(runId, runNotFound(runId));
        else if (this.#runs.size >= MAX_UNANSWERED) this.#refuse(runId, tooMany());
        else {
          this.#listen(runId, request.isEndEnough);
          if (!this.#options.feed.liveRuns.has(runKey(this.#readable.environmentId, runId))) named.push(runId);
        }
      }
      this.#loops.run(this.#find(named));
      // Refusals count too: a caller that names more and more and reads nothing is not read on.
      while (this.#runs.ready >= MAX_UNANSWERED) await this.#loops.sent.wait(this.#loops.signal);
    }
    this.#hasAllRequests = true;
    this.#loops.toSend.set();
  }

  #listen(runId: string, isEndEnough: boolean): void {
    if (isEndEnough) this.#endIsEnough.add(runId);
    else this.#endIsEnough.delete(runId);
    const stopListening = this.#options.feed.finished.listen(
      runKey(this.#readable.environmentId, runId),
      (run: Run) => {
        this.#runs.answer(runId, { kind: "run", run: isEndEnough ? withoutResult(run) : run });
        this.#loops.toSend.set();
      },
    );
    this.#runs.add(runId, stopListening);
  }

  #refuse(runId: string, failure: CallFailure): void {
    this.#runs.refuse(runId, callErrorFromFailure(failure));
    this.#loops.toSend.set();
  }

  async #lookAgain(): Promise<void> {
    const { waiting } = this.#runs;
    for (let start = 0; start < waiting.length; start += FIND_PER_BATCH)
      await this.#find(waiting.slice(start, start + FIND_PER_BATCH));
  }

  /** Looks runs up, until the database has answered. */
  async #find(runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) return;
    const found = await this.#loops.untilReady(() =>
      this.#options.reader.find.submitMany(runIds.map((runId) => this.#ref(runId))),
    );
    for (const [index, runId] of runIds.entries()) {
      if (found[index] === "ended") this.#runs.answer(runId, { kind: "ended" });
      if (found[index] === "missing")
        this.#runs.answer(runId, { kind: "error", error: callErrorFromFailure(runNotFound(runId)) });
    }
    this.#loops.toSend.set();
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
    const ends = await this.#loops.untilReady(() => reader.submitMany(runIds.map((runId) => this.#ref(runId))));
    return runIds.map((runId, index) => [runId, ends[index]] as const);
  }

  #ref(runId: string) {
    return { environmentId: this.#readable.environmentId, runId };
  }
}

function withoutResult({ output: _output, error: _error, ...run }: Run): Run {
  return run;
}

function tooMany(): CallFailure {
  return overloaded(
    `More than ${MAX_UNANSWERED} runs are waited for on this stream; name this one again when some are answered.`,
  );
}

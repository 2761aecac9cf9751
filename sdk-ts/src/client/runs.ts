import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { EncodedContent } from "../content/json-content.ts";
import type { MetadataObject } from "../content/metadata-content.ts";
import type { RunHandle, TaskOutput, TaskPayload } from "../task/task-types.ts";
import { callCluster, given } from "./call-cluster.ts";
import { refuseUnknownOptions } from "./call-options.ts";
import { defaultConnection } from "./connection.ts";
import { listRuns, type RunFilter } from "./list-runs.ts";
import type { PagePromise } from "./pages.ts";
import { createRequestId } from "./request-id.ts";
import { createRunHandle } from "./run-handle.ts";
import { type RunEvent, runEventFromProto } from "./run-event.ts";
import { type RunSnapshot, runSnapshotFromProto } from "./run-snapshot.ts";
import { checkDelay, checkMetadata, checkTags } from "./trigger-options.ts";
import { encodePayload } from "./trigger-task.ts";
import { watchRun } from "./watch-run.ts";
import { invalidField } from "./windlass-error.ts";

/** Names a run: the handle that a trigger gave, a snapshot, or just its id. */
type RunReference<T> = T extends { readonly taskIdentifier: string } ? T : string;
type AnyReference = string | { readonly id: string };

/** The run with the types of its task, when T is a handle or, with an id, the task: `runs.retrieve<typeof helloWorld>(id)`. */
type RunOf<T> = RunSnapshot<TaskPayload<T>, TaskOutput<T>>;

/** Ends a wait or a subscription early. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
}

/**
 * Reads, lists, awaits, watches, cancels, repeats and describes runs of the default connection's environment. Everything here throws
 * WindlassError, RUN_NOT_FOUND among others.
 */
export const runs = {
  /** The run as it is now, with payload, output, ended attempts, and why it does not execute if it does not. */
  async retrieve<T>(run: RunReference<T>): Promise<RunOf<T>> {
    return (await retrieve(runIdOf(run))) as RunOf<T>;
  },

  /**
   * Resolves when the run is over, however it ended: look at `isSuccess`. The cluster pushes the news; nothing is
   * polled, and all waits of a program share one stream. There is no time limit but the signal's: then CALL_ENDED.
   */
  async poll<T>(run: RunReference<T>, options: WaitOptions = {}): Promise<RunOf<T>> {
    checkWaitOptions(options);
    const ended = await defaultConnection().ends.wait(runIdOf(run), options.signal);
    return runSnapshotFromProto(ended) as RunOf<T>;
  },

  /**
   * Asks for the run's end, and returns it as that left it: CANCELED, CANCELING while a worker has it, or the end that
   * it already had. Safe to repeat. The reason (at most 1,000 characters) is shown in the timeline and given to the
   * task.
   */
  async cancel<T>(run: RunReference<T>, options: { readonly reason?: string } = {}): Promise<RunOf<T>> {
    refuseUnknownOptions(options, ["reason"]);
    const runId = runIdOf(run);
    const connection = defaultConnection();
    const request = { runId, reason: options.reason ?? "" };
    const { run: left } = await callCluster(connection, (call) => connection.runs.cancelRun(request, call));
    return runSnapshotFromProto(given(left, runId)) as RunOf<T>;
  },

  /**
   * Runs of the environment, newest first, without payloads and outputs: `await` gives a page, `for await` all of them, fetched page by page.
   */
  list(filter: RunFilter = {}): PagePromise<RunSnapshot> {
    return listRuns(filter);
  },

  /**
   * Triggers the run's task once more with the same payload, tags and metadata, or with another payload.
   */
  async replay<T>(
    run: RunReference<T>,
    options: { readonly payload?: unknown } = {},
  ): Promise<RunHandle<string, TaskPayload<T>, TaskOutput<T>>> {
    refuseUnknownOptions(options, ["payload"]);
    const runId = runIdOf(run);
    const connection = defaultConnection();
    const payload = options.payload === undefined ? {} : { payload: encodePayload("options.payload", options.payload) };
    // Made once: whatever breaks on the way, there is one replay.
    const request = { runId, requestId: createRequestId(), ...payload };
    const response = await callCluster(connection, (call) => connection.runs.replayRun(request, call));
    const { id, taskId } = given(response.run, `the replay of ${runId}`);
    return createRunHandle(connection, { id, taskIdentifier: taskId, isCached: false });
  },

  /**
   * Gives a DELAYED run another start time: "1h30m" from now, or a Date; one that has passed queues it now. RUN_NOT_DELAYED for any other run.
   */
  async reschedule<T>(run: RunReference<T>, options: { readonly delay: string | Date }): Promise<RunOf<T>> {
    refuseUnknownOptions(options, ["delay"]);
    const runId = runIdOf(run);
    const connection = defaultConnection();
    const request = { runId, startTime: timestampFromDate(checkDelay(options.delay, "options.delay")) };
    const response = await callCluster(connection, (call) => connection.runs.rescheduleRun(request, call));
    return runSnapshotFromProto(given(response.run, runId)) as RunOf<T>;
  },

  /** Replaces the run's metadata: a JSON object of at most 256 KB. Inside of the run itself `metadata` is what you want. */
  async updateMetadata<T>(run: RunReference<T>, metadata: MetadataObject): Promise<RunOf<T>> {
    return (await update(runIdOf(run), { metadata: checkMetadata(metadata, "metadata") })) as RunOf<T>;
  },

  /** Adds labels; a run has at most 10 in all. */
  async addTags<T>(run: RunReference<T>, tags: string | readonly string[]): Promise<RunOf<T>> {
    return (await update(runIdOf(run), { addTags: checkTags(tags, "tags") })) as RunOf<T>;
  },

  /**
   * The run as it is now, then again whenever its status changes; ends after the snapshot of its end. Survives breaks
   * of the connection.
   */
  async *subscribeToRun<T>(run: RunReference<T>, options: WaitOptions = {}): AsyncGenerator<RunOf<T>, void, undefined> {
    checkWaitOptions(options);
    const runId = runIdOf(run);
    let revision = -1;
    for await (const events of eventsOf(runId, 0, options.signal)) {
      if (!events.some(({ type }) => type === "status")) continue;
      const snapshot = await retrieve(runId);
      if (snapshot.revision === revision) continue; // Two changes came faster than one could be read.
      revision = snapshot.revision;
      yield snapshot as RunOf<T>;
      if (snapshot.isCompleted) return;
    }
  },

  /**
   * The run's timeline: what is stored after `afterSeq` (default 0: all), then what happens, until the run is over.
   * Survives breaks of the connection: nothing is missed or comes twice.
   */
  async *subscribeToEvents<T>(
    run: RunReference<T>,
    options: WaitOptions & { readonly afterSeq?: number } = {},
  ): AsyncGenerator<RunEvent, void, undefined> {
    refuseUnknownOptions(options, ["signal", "afterSeq"]);
    for await (const events of eventsOf(runIdOf(run), options.afterSeq ?? 0, options.signal)) yield* events;
  },
};

async function retrieve(runId: string): Promise<RunSnapshot> {
  const connection = defaultConnection();
  const { run, attempts, hold } = await callCluster(connection, (call) => connection.runs.getRun({ runId }, call));
  return runSnapshotFromProto(given(run, runId), attempts, hold);
}

async function update(
  runId: string,
  changes: { readonly metadata?: EncodedContent; readonly addTags?: string[] },
): Promise<RunSnapshot> {
  const connection = defaultConnection();
  const response = await callCluster(connection, (call) => connection.runs.updateRun({ runId, ...changes }, call));
  return runSnapshotFromProto(given(response.run, runId));
}

async function* eventsOf(runId: string, afterSeq: number, signal: AbortSignal | undefined): AsyncGenerator<RunEvent[]> {
  const { runs: client, config } = defaultConnection();
  const watching = watchRun(client, runId, { afterSeq: BigInt(afterSeq), signal, timeoutMs: config.timeoutMs });
  for await (const events of watching) yield events.map(runEventFromProto);
}

function runIdOf(run: unknown): string {
  const reference = run as AnyReference;
  const id = typeof reference === "string" ? reference : reference?.id;
  if (typeof id !== "string" || id === "" || !id.isWellFormed())
    throw invalidField("run", "must be a run's handle or id.");
  return id;
}

function checkWaitOptions(options: WaitOptions): void {
  refuseUnknownOptions(options, ["signal"]);
}

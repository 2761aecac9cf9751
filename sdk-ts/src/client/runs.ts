import type { TaskOutput, TaskPayload } from "../task/task-types.ts";
import { defaultConnection } from "./connection.ts";
import { retrying } from "./retrying.ts";
import { type RunEvent, runEventFromProto } from "./run-event.ts";
import { type RunSnapshot, runSnapshotFromProto } from "./run-snapshot.ts";
import { watchRun } from "./watch-run.ts";
import { invalidField, windlassErrorFrom } from "./windlass-error.ts";

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
 * Reads, awaits, watches and cancels runs of the default connection's environment. Everything here throws
 * WindlassError, RUN_NOT_FOUND among others.
 */
export const runs = {
  /** The run as it is now, with payload, output and ended attempts. */
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
    const { runs: client, config } = defaultConnection();
    const request = { runId, reason: options.reason ?? "" };
    try {
      const response = await retrying(config.timeoutMs, (call) => client.cancelRun(request, call));
      if (response.run === undefined) throw new Error(`The cluster's answer says nothing of ${runId}.`);
      return runSnapshotFromProto(response.run) as RunOf<T>;
    } catch (error) {
      throw windlassErrorFrom(error);
    }
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
  const { runs: client, config } = defaultConnection();
  try {
    const { run, attempts } = await retrying(config.timeoutMs, (call) => client.getRun({ runId }, call));
    if (run === undefined) throw new Error(`The cluster's answer says nothing of ${runId}.`);
    return runSnapshotFromProto(run, attempts);
  } catch (error) {
    throw windlassErrorFrom(error);
  }
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

function refuseUnknownOptions(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw invalidField(`options.${unknown}`, `is not an option here; there is ${known.join(", ")}.`);
}

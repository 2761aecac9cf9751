import type { CallError, Run, RunError } from "@windlass/proto";

/** How a run that was waited for is answered. "ended" alone: its end is still to be read. */
export type Answer =
  | { readonly kind: "ended" }
  | { readonly kind: "run"; readonly run: Run }
  | { readonly kind: "error"; readonly error: CallError };

/** A run whose answer can be sent. */
export interface AnsweredRun {
  readonly runId: string;
  readonly answer: Answer;
}

/** The unanswered runs of one stream: those that go on, and those whose answer waits to be sent. Each run named is answered once. */
export interface AwaitedRuns {
  /** Begins to wait for a run. `stopListening` is called when its answer is known. */
  add(runId: string, stopListening: () => void): void;
  /** Whether the run is waited for, or its answer waits to be sent. */
  has(runId: string): boolean;
  /** The answer is known. Ignored for a run that is not waited for (any more). */
  answer(runId: string, answer: Answer): void;
  /** Answers a run that was never waited for. */
  refuse(runId: string, error: CallError): void;
  /** Takes answers to be sent in one message; empty when there are none. */
  take(): AnsweredRun[];
  /** Puts back, in front, what could not be sent now. */
  putBack(runs: readonly AnsweredRun[]): void;
  /** Runs that go on. */
  readonly waiting: readonly string[];
  /** Waiting and answered together. */
  readonly size: number;
  /** Answers to be sent. */
  readonly ready: number;
  /** Stops listening for all. */
  clear(): void;
}

/** Memory for answers that wait for a slow reader; beyond it only the ids are kept, and the runs are read again when their turn comes (I10). */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_MESSAGE_RUNS = 1_000;
/** What a run weighs beside its output. */
const RUN_BYTES = 1024;

export function createAwaitedRuns(): AwaitedRuns {
  const listeners = new Map<string, () => void>();
  const unsent = new Set<string>();
  let answered: AnsweredRun[] = [];
  let heldBytes = 0;

  const push = (entry: AnsweredRun): void => {
    const bytes = weigh(entry.answer);
    const isTooMuch = entry.answer.kind === "run" && answered.length > 0 && heldBytes + bytes > MAX_HELD_BYTES;
    unsent.add(entry.runId);
    answered.push(isTooMuch ? { runId: entry.runId, answer: { kind: "ended" } } : entry);
    heldBytes += isTooMuch ? 0 : bytes;
  };

  return {
    add: (runId, stopListening) => void listeners.set(runId, stopListening),
    has: (runId) => listeners.has(runId) || unsent.has(runId),
    answer(runId, answer) {
      const stopListening = listeners.get(runId);
      if (stopListening === undefined) return;
      listeners.delete(runId);
      stopListening();
      push({ runId, answer });
    },
    refuse: (runId, error) => push({ runId, answer: { kind: "error", error } }),
    take() {
      let bytes = 0;
      let count = 0;
      for (const { answer } of answered.slice(0, MAX_MESSAGE_RUNS)) {
        bytes += weigh(answer);
        if (count > 0 && bytes > MAX_MESSAGE_BYTES) break;
        count += 1;
      }
      const taken = answered.slice(0, count);
      answered = answered.slice(count);
      for (const { runId, answer } of taken) {
        unsent.delete(runId);
        heldBytes -= weigh(answer);
      }
      return taken;
    },
    putBack(runs) {
      answered = [...runs, ...answered];
      for (const { runId, answer } of runs) {
        unsent.add(runId);
        heldBytes += weigh(answer);
      }
    },
    get waiting() {
      return Array.from(listeners.keys());
    },
    get size() {
      return listeners.size + answered.length;
    },
    get ready() {
      return answered.length;
    },
    clear() {
      for (const stopListening of listeners.values()) stopListening();
      listeners.clear();
      unsent.clear();
      answered = [];
      heldBytes = 0;
    },
  };
}

function weigh(answer: Answer): number {
  if (answer.kind !== "run") return 0;
  const { output, error } = answer.run;
  return RUN_BYTES + (output?.data.byteLength ?? 0) + (error === undefined ? 0 : weighError(error));
}

function weighError(error: RunError): number {
  const own = error.message.length + error.stack.length + error.fieldsJson.length;
  return error.causes.reduce((sum, cause) => sum + weighError(cause), own);
}

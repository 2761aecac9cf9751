import { AttemptOutcome, type RunError, RunErrorCode } from "@windlass/proto";
import type { ProcessExit } from "./driver/driver.ts";
import type { Machine } from "./driver/machine.ts";
import { runError } from "./run-errors.ts";

/** How an attempt ends that the worker did not end itself. */
export interface AttemptEnd {
  readonly outcome: AttemptOutcome;
  readonly error: RunError;
  readonly retry: "by-policy" | "never";
}

/** How much of the process's own output goes into the error. */
const quotedOutputChars = 2_000;

/**
 * What a worker process's end means for the attempt it was executing. V8 aborts a process whose heap is full, by SIGABRT or
 * SIGTRAP, after saying so; everything else is told apart by exit code and signal (lifecycle.md, section 4). Whether what ran
 * out of memory is repeated, and on which machine, is in the task's stored policy. `seenBytes`: it was killed because it was
 * seen to use so much, more than its machine has.
 */
export function classifyExit(exit: ProcessExit, machine: Machine, seenBytes?: number): AttemptEnd {
  const fields = {
    ...(seenBytes === undefined ? {} : { residentBytes: seenBytes }),
    ...(exit.exitCode === undefined ? {} : { exitCode: exit.exitCode }),
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    ...(exit.output === "" ? {} : { output: exit.output.slice(-quotedOutputChars) }),
  };
  if (seenBytes !== undefined || isHeapExhausted(exit)) {
    return {
      outcome: AttemptOutcome.CRASHED,
      retry: "by-policy",
      error: runError(RunErrorCode.OUT_OF_MEMORY, {
        name: "OutOfMemoryError",
        message: `The task used more memory than its machine has (${machine.preset}, ${machine.memoryMb} MB).`,
        hint: "Choose a larger machine for the task, or keep less in memory at once.",
        fields,
      }),
    };
  }
  if (exit.signal !== undefined) {
    return {
      outcome: AttemptOutcome.CRASHED,
      retry: "by-policy",
      error: runError(RunErrorCode.PROCESS_SIGNALED, {
        name: "ProcessSignaledError",
        message: `The worker process was ended by ${exit.signal}.`,
        hint: signalHints[exit.signal] ?? "Look for what sent this signal: the task itself, a library, or the machine.",
        fields,
      }),
    };
  }
  return {
    outcome: AttemptOutcome.CRASHED,
    retry: "by-policy",
    error: runError(RunErrorCode.PROCESS_EXITED, {
      name: "ProcessExitedError",
      message: `The worker process exited with code ${exit.exitCode ?? "unknown"} before the attempt ended.`,
      hint: "Throw an error or return instead of calling process.exit() in a task.",
      fields,
    }),
  };
}

const signalHints: Readonly<Record<string, string>> = {
  SIGKILL: "Often the kernel, when the machine runs out of memory: try a larger machine, and look into its kernel log.",
  SIGSEGV: "A native addon is the usual cause: update it, or run the task without it.",
};

const abortCodes: readonly (number | undefined)[] = [134, 133];
const abortSignals: readonly (string | undefined)[] = ["SIGABRT", "SIGTRAP", "SIGILL"];

function isHeapExhausted(exit: ProcessExit): boolean {
  if (!abortCodes.includes(exit.exitCode) && !abortSignals.includes(exit.signal)) return false;
  return /heap out of memory|Fatal JavaScript out of memory/.test(exit.output);
}

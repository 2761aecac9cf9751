import { AttemptOutcome, type RunError, RunErrorCode } from "@windlass/proto";
import type { ProcessExit } from "./driver/driver.ts";
import { heapLimitMb, type Machine } from "./driver/machine.ts";
import { runError } from "./run-errors.ts";

/** How an attempt ends that the worker did not end itself. */
export interface AttemptEnd {
  readonly outcome: AttemptOutcome;
  readonly error: RunError;
  readonly retry: "by-policy" | "never";
  /** How the process ended that is the reason, or was ended for it, if that is to be told in the timeline. */
  readonly exit?: ProcessExit;
}

/** How much of the process's own output goes into the error; the timeline has more of it. */
const quotedOutputChars = 2_000;

const megabyte = 1024 * 1024;

/**
 * What a worker process's end means for the attempt it was executing (lifecycle.md, section 4): out of memory, when the
 * kernel or the supervisor saw it with more than its machine has, or V8 said that its heap is full; else by exit code or
 * signal. Whether what ran out of memory is repeated, and on which machine, is in the task's stored policy. `seenBytes`: it
 * was killed because it was seen to use so much.
 */
export function classifyExit(exit: ProcessExit, machine: Machine, seenBytes?: number): AttemptEnd {
  const { code, name, message, hint, fields } = causeOf(exit, machine, seenBytes);
  const facts = {
    ...fields,
    ...(exit.exitCode === undefined ? {} : { exitCode: exit.exitCode }),
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    ...(exit.output === "" ? {} : { output: exit.output.slice(-quotedOutputChars) }),
  };
  const error = runError(code, { name, message, hint, fields: facts });
  return { outcome: AttemptOutcome.CRASHED, retry: "by-policy", error, exit };
}

interface Cause {
  readonly code: RunErrorCode;
  readonly name: string;
  readonly message: string;
  readonly hint: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

function causeOf(exit: ProcessExit, machine: Machine, seenBytes: number | undefined): Cause {
  const { memoryExceeded, exitCode, signal } = exit;
  if (memoryExceeded !== undefined) {
    const { limitBytes, peakBytes } = memoryExceeded;
    return outOfMemory(
      `The task used more memory than its machine has (${nameOf(machine)}): the kernel ended it at ${inMb(peakBytes)}.`,
      largerMachineHint,
      { limit: "machine", limitBytes, usedBytes: peakBytes },
    );
  }
  if (seenBytes !== undefined) {
    return outOfMemory(
      `The task used more memory than its machine has (${nameOf(machine)}): it was ended at ${inMb(seenBytes)}.`,
      largerMachineHint,
      { limit: "machine", limitBytes: machine.memoryMb * megabyte, usedBytes: seenBytes },
    );
  }
  if (isHeapExhausted(exit)) {
    const heapBytes = heapLimitMb(machine) * megabyte;
    return outOfMemory(
      `The task's JavaScript heap is full: ${inMb(heapBytes)} of its machine (${nameOf(machine)}) are for it.`,
      `${largerMachineHint} Buffers do not count here, objects and strings do.`,
      { limit: "heap", limitBytes: heapBytes, ...heapUseOf(exit.output) },
    );
  }
  if (signal !== undefined) {
    return {
      code: RunErrorCode.PROCESS_SIGNALED,
      name: "ProcessSignaledError",
      message: `The worker process was ended by ${signal}.`,
      hint: signalHints[signal] ?? "Look for what sent this signal: the task itself, a library, or the machine.",
    };
  }
  return {
    code: RunErrorCode.PROCESS_EXITED,
    name: "ProcessExitedError",
    message: `The worker process exited with code ${exitCode ?? "unknown"} before the attempt ended.`,
    hint: exitHints[exitCode ?? -1] ?? "Throw an error or return instead of calling process.exit() in a task.",
  };
}

function outOfMemory(message: string, hint: string, fields: NonNullable<Cause["fields"]>): Cause {
  return { code: RunErrorCode.OUT_OF_MEMORY, name: "OutOfMemoryError", message, hint, fields };
}

const largerMachineHint =
  "Choose a larger machine for the task, or keep less in memory at once; `retry.outOfMemory.machine` repeats it on a larger one.";

function nameOf({ preset, memoryMb }: Machine): string {
  return `${preset}, ${memoryMb} MB`;
}

function inMb(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MB`;
}

const signalHints: Readonly<Record<string, string>> = {
  SIGKILL: "Often the kernel, when the machine runs out of memory: try a larger machine, and look into its kernel log.",
  SIGTERM:
    "Somebody asked the process to end: the task itself, or whoever manages processes on the supervisor's machine.",
  SIGSEGV: "A native addon is the usual cause: update it, or run the task without it.",
  SIGBUS: "A native addon, or a file that shrank while it was mapped into memory, is the usual cause.",
  SIGABRT: "The program gave itself up; its last output, in the run's timeline, usually says why.",
  SIGSYS: "The task, or a native addon, made a system call that the sandbox forbids.",
};

const exitHints: Readonly<Record<number, string>> = {
  1: "Usually a fatal error that it wrote about: look at its last output in the run's timeline.",
  126: "The entry point of the version cannot be executed: look at its mode and its interpreter.",
  127: "The entry point of the version, or its interpreter, does not exist where the worker runs.",
};

/** V8 aborts a process whose heap is full, by SIGABRT or SIGTRAP, after saying so. */
function isHeapExhausted({ exitCode, signal, output }: ProcessExit): boolean {
  if (!abortCodes.includes(exitCode) && !abortSignals.includes(signal)) return false;
  return /heap out of memory|Fatal (?:JavaScript|process) out of memory/.test(output);
}

/** What was left in the heap when V8 gave up: it says so of its last collections, as "407.8 (409.3) -> 407.8 (409.3) MB". */
function heapUseOf(output: string): { usedBytes?: number } {
  const last = [...output.matchAll(/-> (\d+(?:\.\d+)?) \(\d+(?:\.\d+)?\) MB/g)].at(-1)?.[1];
  return last === undefined ? {} : { usedBytes: Math.round(Number(last) * megabyte) };
}

const abortCodes: readonly (number | undefined)[] = [134, 133];
const abortSignals: readonly (string | undefined)[] = ["SIGABRT", "SIGTRAP", "SIGILL"];

import { type RunError, RunErrorCode } from "@windlass/proto";

interface RunErrorInit {
  readonly name: string;
  /** One sentence: what happened. */
  readonly message: string;
  /** One sentence: what the reader can do. */
  readonly hint?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly causes?: readonly RunError[];
}

/** An error the supervisor itself reports of an attempt. */
export function runError(code: RunErrorCode, init: RunErrorInit): RunError {
  return {
    $typeName: "windlass.v1.RunError",
    code,
    name: init.name,
    message: init.message,
    stack: "",
    causes: [...(init.causes ?? [])],
    fieldsJson: init.fields === undefined || Object.keys(init.fields).length === 0 ? "" : JSON.stringify(init.fields),
    hint: init.hint ?? "",
  };
}

/** The worker said something the protocol does not allow, and was ended. */
export function protocolViolationError(violation: string): RunError {
  return runError(RunErrorCode.PROTOCOL_VIOLATION, {
    name: "ProtocolViolationError",
    message: `The worker broke the worker protocol and was ended: ${violation}.`,
    hint: "Rebuild and deploy with a current SDK; if this is one, report it as a defect.",
  });
}

/** The bundle could not be fetched, laid down or started. */
export function workerStartError(reason: string, fields?: Readonly<Record<string, unknown>>): RunError {
  return runError(RunErrorCode.WORKER_START_FAILED, {
    name: "WorkerStartError",
    message: `No worker could be started for this version: ${reason}.`,
    hint: "The supervisor's log has the details.",
    ...(fields === undefined ? {} : { fields }),
  });
}

/** The version's bundle has no task of that id. */
export function taskMissingError(taskId: string): RunError {
  return runError(RunErrorCode.TASK_IMPORT_ERROR, {
    name: "TaskImportError",
    message: `This version has no task ${JSON.stringify(taskId)}.`,
    hint: "Deploy a version that exports the task.",
  });
}

/** The run was canceled; what the task threw meanwhile, if anything, is the cause. */
export function canceledError(reason: string, thrown: RunError | undefined): RunError {
  return runError(RunErrorCode.CANCELED, {
    name: "CanceledError",
    message: reason === "" ? "The run was canceled." : `The run was canceled: ${reason}`,
    ...(thrown === undefined || thrown.code === RunErrorCode.CANCELED ? {} : { causes: [{ ...thrown, causes: [] }] }),
  });
}

/** The attempt ran longer than it may, and did not end itself. */
export function maxDurationError(maxDurationSeconds: number): RunError {
  return withHint(
    runError(RunErrorCode.MAX_DURATION_EXCEEDED, {
      name: "MaxDurationExceededError",
      message: `The attempt ran longer than its maxDuration of ${maxDurationSeconds} s.`,
    }),
  );
}

/** More processes wait at this supervisor than it may hold. */
export function suspendLimitError(maxSuspended: number): RunError {
  return runError(RunErrorCode.SUSPEND_LIMIT_REACHED, {
    name: "SuspendLimitReachedError",
    message: `The attempt could not wait: ${maxSuspended} processes wait at its supervisor already.`,
    hint: "Raise WINDLASS_MAX_SUSPENDED if the machine has the memory, or add supervisors.",
  });
}

/** The run wanted to wait for the first of these runs, each of which waits for the next, and the last for it. */
export function deadlockError(runId: string, runIds: readonly string[]): RunError {
  return runError(RunErrorCode.DEADLOCK, {
    name: "DeadlockError",
    message: `The attempt could not wait: ${[runId, ...runIds, runId].join(" would wait for ")}.`.slice(0, 1_000),
    hint: "Let one of these runs end without waiting for the others.",
  });
}

/** The run was to go on after a wait, and the process that waited is gone. */
export function waitLostError(): RunError {
  return runError(RunErrorCode.SUPERVISOR_LOST, {
    name: "SupervisorLostError",
    message: "The process that waited is gone, so the attempt cannot go on after its wait.",
    hint: "Look for the end of its supervisor, or of that machine, while the run waited.",
  });
}

/** The lease asks for a machine that this supervisor does not know. */
export function machineUnknownError(machine: string): RunError {
  return runError(RunErrorCode.WORKER_START_FAILED, {
    name: "WorkerStartError",
    message: `This supervisor knows no machine ${JSON.stringify(machine)}.`,
    hint: "Supervisors and run-store have to be of one release.",
  });
}

/** The supervisor was told to stop, and could not wait for the attempt's end any longer. */
export function evictedError(): RunError {
  return runError(RunErrorCode.EVICTED, {
    name: "EvictedError",
    message: "The supervisor was stopped before the attempt had ended.",
    hint: "Give supervisors a longer drain time (WINDLASS_DRAIN_TIMEOUT_MS) than the task needs.",
  });
}

/** Adds to an error what the reader can do about its kind, unless it says so itself. */
export function withHint(error: RunError): RunError {
  if (error.hint === "") error.hint = hints.get(error.code) ?? "";
  return error;
}

const hints: ReadonlyMap<RunErrorCode, string> = new Map<RunErrorCode, string>([
  [
    RunErrorCode.UNCAUGHT_EXCEPTION,
    'Await the promise that was rejected, or listen to the "error" of what emitted it; the stack says where it was made.',
  ],
  [
    RunErrorCode.TASK_IMPORT_ERROR,
    "Mend what the file does while it is loaded, or a variable that it needs, and deploy again; runs of this version cannot be repeated.",
  ],
  [RunErrorCode.TASK_INPUT_ERROR, "Trigger it with a payload that its schema accepts; repeating this one cannot help."],
  [
    RunErrorCode.TASK_OUTPUT_ERROR,
    "Return JSON values of at most 10 MB; what is larger belongs into a store of files.",
  ],
  [
    RunErrorCode.HANDLE_ERROR_ERROR,
    "Mend handleError or catchError: while it throws, nothing of the task is repeated.",
  ],
  [RunErrorCode.MIDDLEWARE_NEXT_NOT_CALLED, "Await next() once in every middleware, or throw to refuse the run."],
  [
    RunErrorCode.MAX_DURATION_EXCEEDED,
    "Give the task a larger maxDuration, or less to do in one run; time in waits is not counted.",
  ],
]);

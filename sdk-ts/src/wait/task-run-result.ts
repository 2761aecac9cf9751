import type { Run } from "@windlass/proto";
import type { RunErrorDetails } from "../client/run-error-details.ts";
import { runSnapshotFromProto, type RunStatusName } from "../client/run-snapshot.ts";
import type { TaskRunPromise, TaskRunResult } from "../task/task-types.ts";
import { SubtaskUnwrapError } from "./subtask-unwrap-error.ts";

/** Why a run that was waited for did not complete: name, message and stack are those of the error that ended it. */
export class TaskRunError extends Error {
  override readonly name: string;
  /** How the run ended. */
  readonly status: RunStatusName;
  /** The stored error; undefined when there is none, as after a cancel. */
  readonly details: RunErrorDetails | undefined;

  constructor(status: RunStatusName, details: RunErrorDetails | undefined) {
    super(details?.message ?? `the run ended as ${status}`);
    this.name = details?.name ?? "TaskRunError";
    this.status = status;
    this.details = details;
    if (details !== undefined && details.stack !== "") this.stack = `${this.name}: ${this.message}\n${details.stack}`;
  }
}

export function taskRunResultFromProto(taskIdentifier: string, run: Run): TaskRunResult<string, unknown> {
  const { id, isSuccess, output, status, error } = runSnapshotFromProto(run);
  if (isSuccess) return { ok: true, id, taskIdentifier, output };
  return { ok: false, id, taskIdentifier, error: new TaskRunError(status, error) };
}

/** A result to come, which can be unwrapped before it has. */
export class RunResultPromise<Id extends string, Output>
  extends Promise<TaskRunResult<Id, Output>>
  implements TaskRunPromise<Id, Output>
{
  /** What `then` and `finally` make are ordinary promises. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  async unwrap(): Promise<Output> {
    const result = await this;
    if (result.ok) return result.output;
    throw new SubtaskUnwrapError(result.taskIdentifier, result.id, result.error);
  }
}

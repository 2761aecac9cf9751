/** Thrown by `unwrap()` when the run that was waited for did not complete. */
export class SubtaskUnwrapError extends Error {
  override readonly name: string = "SubtaskUnwrapError";
  /** The run that was waited for. */
  readonly runId: string;
  readonly taskId: string;

  constructor(taskId: string, runId: string, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(`${runId} of task "${taskId}" did not complete: ${detail}`, { cause });
    this.taskId = taskId;
    this.runId = runId;
  }
}

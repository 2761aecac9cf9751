/** The runs that a caller may read: an environment's, or only some of those. */
export interface ReadableRuns {
  readonly environmentId: string;
  /** Undefined: all of the environment's. */
  readonly runIds: ReadonlySet<string> | undefined;
}

/** Whether the caller may read the run, if its environment has it. */
export function isReadable({ runIds }: ReadableRuns, runId: string): boolean {
  return runIds === undefined || runIds.has(runId);
}

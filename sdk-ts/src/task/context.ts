/** What a task and its hooks know about the attempt they run in. A new object for every attempt. */
export interface TaskContext {
  readonly task: {
    readonly id: string;
    /** Where the task is defined, relative to the task folder. */
    readonly filePath: string;
  };
  readonly attempt: {
    /** From 1. */
    readonly number: number;
    readonly startedAt: Date;
  };
  readonly run: {
    readonly id: string;
    readonly tags: readonly string[];
    readonly isTest: boolean;
    readonly isReplay: boolean;
    readonly createdAt: Date;
    readonly startedAt: Date;
    /** No attempt has a number above this. */
    readonly maxAttempts: number;
    /** Seconds by which the run overtakes others of its queue. */
    readonly priority: number;
    /** The deployment version that executes the run. */
    readonly version: string;
  };
  readonly queue: { readonly id: string; readonly name: string };
  readonly environment: { readonly id: string; readonly slug: string; readonly type: EnvironmentTypeName };
  readonly project: { readonly id: string; readonly ref: string };
  readonly deployment?: { readonly id: string; readonly version: string };
}

/** What an environment is for. */
export type EnvironmentTypeName = "DEVELOPMENT" | "STAGING" | "PRODUCTION";

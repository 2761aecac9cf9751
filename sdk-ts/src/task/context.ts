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
    /** True for a run that repeats another one. */
    readonly isReplay: boolean;
    readonly createdAt: Date;
    /** When the first attempt began. */
    readonly startedAt: Date;
    /** The key it was triggered under. */
    readonly idempotencyKey?: string;
    /** No attempt has a number above this. */
    readonly maxAttempts: number;
    /** Seconds that an attempt may run; absent: without limit. */
    readonly maxDuration?: number;
    /** Seconds by which the run overtakes others of its queue. */
    readonly priority: number;
    /** The deployment version that executes the run. */
    readonly version: string;
    /** The run that triggered this one. */
    readonly parentTaskRunId?: string;
    /** The first run of the tree that this one belongs to. */
    readonly rootTaskRunId?: string;
  };
  readonly queue: { readonly id: string; readonly name: string };
  readonly environment: { readonly id: string; readonly slug: string; readonly type: EnvironmentTypeName };
  readonly project: { readonly id: string; readonly ref: string };
  /** What the process may use: the preset's name, vCPUs and GB of memory. */
  readonly machine: { readonly name: string; readonly cpu: number; readonly memory: number };
  readonly deployment?: { readonly id: string; readonly version: string };
  /** The batch that the run was triggered with. */
  readonly batch?: { readonly id: string };
}

/** What an environment is for. */
export type EnvironmentTypeName = "DEVELOPMENT" | "STAGING" | "PRODUCTION";

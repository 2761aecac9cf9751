import type {
  CancelHook,
  CleanupHook,
  CompleteHook,
  FailureHook,
  HandleErrorHook,
  InitData,
  InitHook,
  MiddlewareHook,
  StartAttemptHook,
  StartHook,
  SuccessHook,
  WaitHook,
} from "./hook-types.ts";
import type { MachineOption } from "./machine.ts";
import type { RetryOptions } from "./retry-options.ts";

/** From quiet to talkative: nothing at all, or lines of this level and above. */
export const logLevels = ["none", "error", "warn", "info", "log", "debug", "trace"] as const;
export type ConfigLogLevel = (typeof logLevels)[number];

/** How the bundler treats what tasks import. */
export interface BuildConfig {
  /** Packages that are not bundled: the worker must find them in its own node_modules. */
  readonly external?: readonly (string | RegExp)[] | undefined;
  /** Conditions by which packages choose among their exports, beside those of Node. */
  readonly conditions?: readonly string[] | undefined;
  /** Names of functions and classes are always kept; false is refused. */
  readonly keepNames?: boolean | undefined;
  readonly minify?: boolean | undefined;
  readonly jsx?:
    | {
        readonly factory?: string | undefined;
        readonly fragment?: string | undefined;
        readonly automatic?: boolean | undefined;
      }
    | undefined;
  /** Read and left alone: a package that cannot be bundled is an error, and is then named in `external`. */
  readonly autoDetectExternal?: boolean | undefined;
  /** Refused unless empty: extensions change the image that a task runs in, and there is no image. */
  readonly extensions?: readonly object[] | undefined;
}

/** What `defineConfig()` takes; see docs/config.md for what each field does. */
export interface ProjectConfig {
  /** The project's ref. Which project a deployment belongs to is decided by the API key. */
  readonly project: string;
  /** Folders with tasks, relative to the config. Default: every folder named "trigger", else the config's own folder. */
  readonly dirs?: readonly string[] | undefined;
  /** Globs of files that are not loaded, beside tests, relative to the folder that is deployed. */
  readonly ignorePatterns?: readonly string[] | undefined;
  readonly retries?:
    | {
        /** False: in a DEVELOPMENT environment no attempt is repeated. Default true. */
        readonly enabledInDev?: boolean | undefined;
        /** For tasks that say nothing else, field by field. */
        readonly default?: RetryOptions | undefined;
      }
    | undefined;
  /** Seconds that an attempt may run, for tasks that say nothing else; at least 5. */
  readonly maxDuration?: number | undefined;
  /** For tasks that say nothing else. */
  readonly machine?: MachineOption | undefined;
  /** What `logger` writes to the timeline. Default "trace": everything. */
  readonly logLevel?: ConfigLogLevel | undefined;
  readonly build?: BuildConfig | undefined;
  /** The tsconfig.json that holds for the tasks, relative to the config. Default: the nearest one of each file. */
  readonly tsconfig?: string | undefined;

  /** Tasks run on the Node of the supervisor, whatever stands here after "node"; "bun" is refused. */
  readonly runtime?: string | undefined;
  /** Read and left alone: spans are the cluster's to export. */
  readonly telemetry?: object | undefined;
  /** Read and left alone, see telemetry. */
  readonly instrumentations?: readonly unknown[] | undefined;
  /** Read and left alone: console output goes to the timeline, and is not printed a second time. */
  readonly enableConsoleLogging?: boolean | undefined;
  /** Read and left alone: when processes are reused is the supervisor's setting. */
  readonly processKeepAlive?: boolean | object | undefined;
  /** Read and left alone, see processKeepAlive. */
  readonly experimental_processKeepAlive?: boolean | object | undefined;
  /** Read and left alone. */
  readonly compatibilityFlags?: readonly string[] | undefined;
  /** Read and left alone, see `build.autoDetectExternal`. */
  readonly experimental_autoDetectExternal?: boolean | undefined;
  /** Read and left alone. */
  readonly legacyDevProcessCwdBehaviour?: boolean | undefined;

  readonly middleware?: MiddlewareHook<unknown>;
  readonly init?: InitHook<unknown, unknown>;
  readonly onStart?: StartHook<unknown, InitData>;
  readonly onStartAttempt?: StartAttemptHook<unknown, InitData>;
  readonly onWait?: WaitHook<unknown, InitData>;
  readonly onResume?: WaitHook<unknown, InitData>;
  readonly onSuccess?: SuccessHook<unknown, unknown, InitData>;
  readonly onFailure?: FailureHook<unknown, InitData>;
  readonly onComplete?: CompleteHook<unknown, unknown, InitData>;
  readonly onCancel?: CancelHook<unknown, unknown, InitData>;
  readonly handleError?: HandleErrorHook<unknown, InitData>;
  readonly catchError?: HandleErrorHook<unknown, InitData>;
  readonly cleanup?: CleanupHook<unknown, InitData>;
}

/** The default export of trigger.config.ts or windlass.config.ts. Its values are checked when the tasks are bundled. */
export function defineConfig(config: ProjectConfig): ProjectConfig {
  return config;
}

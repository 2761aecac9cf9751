import { triggersById } from "../wait/triggers-by-id.ts";
import { activeAttempt } from "./active-attempt.ts";
import { globalHooks } from "./hook-registry.ts";
import type {
  AnyHook,
  CancelHook,
  CleanupHook,
  CompleteHook,
  FailureHook,
  HandleErrorHook,
  HookName,
  InitData,
  InitHook,
  MiddlewareHook,
  StartAttemptHook,
  StartHook,
  SuccessHook,
  WaitHook,
} from "./hook-types.ts";

/**
 * Registers a hook that runs for every task, before the task's own hook of the same kind. With a name, a later
 * registration under that name replaces it. Called inside `run`, it holds for that attempt only.
 */
interface Register<Hook> {
  (hook: Hook): void;
  (name: string, hook: Hook): void;
}

/** Triggers any task by its id, and registers global hooks. */
export const tasks = {
  ...triggersById,
  middleware: register<MiddlewareHook<unknown>>("middleware"),
  init: register<InitHook<unknown, unknown>>("init"),
  onStart: register<StartHook<unknown, InitData>>("onStart"),
  onStartAttempt: register<StartAttemptHook<unknown, InitData>>("onStartAttempt"),
  onWait: register<WaitHook<unknown, InitData>>("onWait"),
  onResume: register<WaitHook<unknown, InitData>>("onResume"),
  onSuccess: register<SuccessHook<unknown, unknown, InitData>>("onSuccess"),
  onFailure: register<FailureHook<unknown, InitData>>("onFailure"),
  onComplete: register<CompleteHook<unknown, unknown, InitData>>("onComplete"),
  onCancel: register<CancelHook<unknown, unknown, InitData>>("onCancel"),
  /** Asked after the task's own, and only if that decided nothing. */
  handleError: register<HandleErrorHook<unknown, InitData>>("handleError"),
  /** The newer name of handleError; asked after those registered under the older one. */
  catchError: register<HandleErrorHook<unknown, InitData>>("catchError"),
  cleanup: register<CleanupHook<unknown, InitData>>("cleanup"),
};

function register<Hook>(hookName: HookName): Register<Hook> {
  return (nameOrHook: unknown, namedHook?: unknown): void => {
    const [name, fn] = typeof nameOrHook === "string" ? [nameOrHook, namedHook] : ["", nameOrHook];
    if (typeof fn !== "function") throw new TypeError(`tasks.${hookName} takes a function, or a name and a function`);
    if (activeAttempt.isCallerLeftBehind) return; // The run that this hook was for has ended.
    globalHooks.register(hookName, { name, fn: fn as AnyHook });
  };
}

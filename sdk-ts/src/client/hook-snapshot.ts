import { durationMs } from "@bufbuild/protobuf/wkt";
import { HookOutcome, type HookResult, HookScope } from "@windlass/proto";
import { present } from "./present.ts";
import { errorFromProto, type RunErrorDetails } from "./run-error-details.ts";

/** How a lifecycle function ended. */
export interface HookSnapshot {
  /** "init", "onStart", "run" and so on. */
  readonly hook: string;
  readonly scope: "global" | "task";
  /** Empty when the hook has none. */
  readonly name: string;
  readonly attempt: number;
  readonly outcome: "ok" | "ignored" | "failed";
  readonly durationMs: number;
  readonly error?: RunErrorDetails;
}

export function hookFromProto(result: HookResult): HookSnapshot {
  const { hook, scope, name, attemptNumber, outcome, duration, error } = result;
  return {
    hook,
    scope: scope === HookScope.GLOBAL ? "global" : "task",
    name,
    attempt: attemptNumber,
    outcome: outcome === HookOutcome.OK ? "ok" : outcome === HookOutcome.IGNORED ? "ignored" : "failed",
    durationMs: duration === undefined ? 0 : durationMs(duration),
    ...present({ error: errorFromProto(error) }),
  };
}

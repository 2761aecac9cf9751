import type { MessageInitShape } from "@bufbuild/protobuf";
import { HookOutcome, type HookResultSchema, HookScope, RunErrorCode } from "@windlass/proto";
import type { HookReport } from "./lifecycle/lifecycle-attempt.ts";
import { durationFromMs, timestampFromMs } from "./protocol-time.ts";
import { serializeError } from "./serialize-error.ts";

const SCOPES = { global: HookScope.GLOBAL, task: HookScope.TASK } as const;
const OUTCOMES = { ok: HookOutcome.OK, ignored: HookOutcome.IGNORED, failed: HookOutcome.FAILED } as const;

export function hookResultToProto(
  report: HookReport,
  attemptNumber: number,
): MessageInitShape<typeof HookResultSchema> {
  return {
    hook: report.hook,
    scope: SCOPES[report.scope],
    name: report.name,
    attemptNumber,
    outcome: OUTCOMES[report.outcome],
    startTime: timestampFromMs(report.startMs),
    duration: durationFromMs(report.durationMs),
    ...(report.error === undefined ? {} : { error: serializeError(report.error.thrown, RunErrorCode.TASK_ERROR) }),
  };
}

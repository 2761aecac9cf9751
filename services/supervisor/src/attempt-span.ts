import { type OpenSpan, recordSpan, startSpan, type Telemetry } from "@windlass/chassis";
import { AttemptOutcome, type FinishAttempt, HookScope, type Lease, type RunError } from "@windlass/proto";
import { outcomeName } from "./supervisor-metrics.ts";

/** Opens the span of an attempt; what its task triggers and traces belongs under it. */
export function startAttemptSpan(telemetry: Telemetry, lease: Lease, workerId: string): OpenSpan {
  return startSpan(telemetry, {
    name: `attempt ${lease.attemptNumber}`,
    parent: lease.traceparent,
    kind: "consumer",
    attributes: {
      "windlass.run.id": lease.ref?.runId ?? "",
      "windlass.task.id": lease.run?.taskId ?? "",
      "windlass.attempt": lease.attemptNumber,
      "windlass.deployment.id": lease.deploymentId,
      "windlass.worker.id": workerId,
    },
  });
}

/** Ends it with a child span for each hook, `run` included. */
export function endAttemptSpan(telemetry: Telemetry, span: OpenSpan, finish: FinishAttempt): void {
  if (!telemetry.enabled) return;
  for (const hook of finish.hooks) {
    const startMs = hook.startTime === undefined ? 0 : toMs(hook.startTime);
    recordSpan(telemetry, {
      name: hook.name === "" ? hook.hook : `${hook.hook} ${hook.name}`,
      parent: span.traceparent,
      startTime: startMs,
      endTime: startMs + (hook.duration === undefined ? 0 : Math.max(0, toMs(hook.duration))),
      attributes: {
        "windlass.hook": hook.hook,
        "windlass.hook.scope": hook.scope === HookScope.GLOBAL ? "global" : "task",
      },
      ...(hook.error === undefined ? {} : { error: asError(hook.error) }),
    });
  }
  if (finish.outcome === AttemptOutcome.SUCCEEDED) span.end();
  else span.end(finish.error === undefined ? outcomeName(finish.outcome) : asError(finish.error));
}

function toMs({ seconds, nanos }: { seconds: bigint; nanos: number }): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}

function asError({ name, message, stack }: RunError): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = stack;
  return error;
}

import type { Clock, Queryable, ServiceCall } from "@windlass/chassis";
import type { TaskService, TriggerResult, TriggerTasksRequest, TriggerTasksResponse } from "@windlass/proto";
import { callErrorFromFailure, CallFailure, type ServiceImplementation } from "@windlass/proto/grpc";
import type { RunTrigger, Triggered } from "../runs/trigger-runs.ts";
import { recordFailedItems } from "../batches/record-failed-items.ts";
import { resetIdempotencyKey } from "../runs/reset-idempotency-key.ts";
import { parseResetIdempotencyKey } from "../validation/reset-requests.ts";
import { type ParsedTrigger, parseTriggerTask, parseTriggerTasks } from "../validation/trigger-requests.ts";
import { answerStream } from "./answer-stream.ts";
import { environmentOf } from "./caller.ts";

/** Messages of one stream whose answers are not yet sent; each has up to 1,000 triggers or 16 MB. */
const MAX_IN_FLIGHT = 16;

export function createTaskService({
  trigger: runs,
  postgres,
  clock,
}: {
  readonly trigger: RunTrigger;
  readonly postgres: Queryable;
  readonly clock: Clock;
}): ServiceImplementation<typeof TaskService, ServiceCall> {
  return {
    triggerTask: async (request, call) => {
      const [triggered] = await runs.trigger(environmentOf(call), [parseTriggerTask(request, clock.nowMs() * 1_000)]);
      if (triggered === undefined) throw new Error("a trigger has no result");
      if (triggered instanceof CallFailure) throw triggered;
      return { run: triggeredRun(triggered) };
    },
    resetIdempotencyKey: async (request, call) => ({
      wasSet: await resetIdempotencyKey(postgres, environmentOf(call), parseResetIdempotencyKey(request)),
    }),
    triggerTasks: (requests, call) => {
      const environmentId = environmentOf(call);
      return answerStream({
        requests,
        signal: call.signal,
        maxInFlight: MAX_IN_FLIGHT,
        answer: (request) => answerTriggers({ runs, postgres }, environmentId, request, clock.nowMs() * 1_000),
      });
    },
  };
}

async function answerTriggers(
  { runs, postgres }: { readonly runs: RunTrigger; readonly postgres: Queryable },
  environmentId: string,
  request: TriggerTasksRequest,
  nowUs: number,
): Promise<TriggerTasksResponse> {
  const parsed = parseTriggerTasks(request, nowUs);
  const valid = parsed.filter((item): item is ParsedTrigger => !(item instanceof CallFailure));
  const triggered = await triggerOrFail(runs, environmentId, valid);
  let at = 0;
  const outcomes = parsed.map((item) => {
    if (item instanceof CallFailure) return item;
    const outcome = triggered instanceof CallFailure ? triggered : triggered[at];
    at += 1;
    return outcome ?? new Error("a trigger has no result");
  });
  const failed = request.triggers.flatMap((trigger, index) => {
    const failure = outcomes[index];
    return failure instanceof CallFailure ? [{ trigger, failure }] : [];
  });
  if (failed.length > 0) await recordFailedItems(postgres, environmentId, failed);
  return {
    $typeName: "windlass.v1.TriggerTasksResponse",
    correlationId: request.correlationId,
    results: outcomes.map(triggerResult),
  };
}

/** When all fail for one reason (OVERLOADED, NOT_READY), each item says so and the stream goes on. */
async function triggerOrFail(
  runs: RunTrigger,
  environmentId: string,
  triggers: readonly ParsedTrigger[],
): Promise<(Triggered | CallFailure)[] | CallFailure> {
  try {
    return await runs.trigger(environmentId, triggers);
  } catch (error) {
    if (error instanceof CallFailure) return error;
    throw error;
  }
}

function triggerResult(outcome: Triggered | CallFailure | Error): TriggerResult {
  if (outcome instanceof CallFailure) {
    return {
      $typeName: "windlass.v1.TriggerResult",
      result: { case: "error", value: callErrorFromFailure(outcome) },
    };
  }
  if (outcome instanceof Error) throw outcome;
  return { $typeName: "windlass.v1.TriggerResult", result: { case: "run", value: triggeredRun(outcome) } };
}

function triggeredRun({ runId, isCached }: Triggered) {
  return { $typeName: "windlass.v1.TriggeredRun", runId, isCached } as const;
}

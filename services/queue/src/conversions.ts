import { create } from "@bufbuild/protobuf";
import { type Duration, durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type Hold,
  HoldReason,
  HoldSchema,
  type QueuedRun,
  type QueueSettings,
  type QueueState as QueueStateMessage,
  QueueStateSchema,
} from "@windlass/proto";
import type { RunHold } from "./explain-hold.ts";
import type { QueueState } from "./queue-state.ts";
import type { QueueLimits } from "./lines.ts";
import type { ReadyRun } from "./waiting-line.ts";

export function readyRunFromProto(run: QueuedRun): ReadyRun {
  const { environmentId, queue, concurrencyKey, runId, traceparent, supervisorId, machine } = run;
  const queueTimeUs = Number(run.queueTimeUs);
  return { environmentId, queue, concurrencyKey, runId, queueTimeUs, traceparent, supervisorId, machine };
}

export function queueLimitsFromProto(settings: QueueSettings): QueueLimits {
  const { environmentId, queue, concurrencyLimit, isPaused, rateLimit } = settings;
  const period = rateLimit?.period;
  return {
    environmentId,
    queue,
    concurrencyLimit,
    isPaused,
    // The store has checked it; a limit without sense must not stop the queue.
    rateLimit:
      rateLimit === undefined || period === undefined || rateLimit.limit < 1
        ? undefined
        : { limit: rateLimit.limit, periodMs: periodMsOf(period), isPerKey: rateLimit.isPerKey },
  };
}

export function queueStateToProto({ depth, running, oldestQueueTimeUs }: QueueState): QueueStateMessage {
  return create(QueueStateSchema, {
    depth: BigInt(depth),
    running: BigInt(running),
    oldestQueueTime:
      oldestQueueTimeUs === undefined ? undefined : timestampFromMs(Math.floor(oldestQueueTimeUs / 1_000)),
  });
}

export function holdToProto({ reason, message, runIds, endsInMs }: RunHold, nowMs: number): Hold {
  return create(HoldSchema, {
    reason: HoldReason[reason],
    message,
    runIds: [...runIds],
    until: endsInMs === undefined ? undefined : timestampFromMs(Math.ceil(nowMs + endsInMs)),
  });
}

function periodMsOf(period: Duration): number {
  return Math.max(1, durationMs(period));
}

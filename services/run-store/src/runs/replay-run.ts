import { create, toBinary } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Queryable } from "@windlass/chassis";
import { type Run, RunOptionsSchema } from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { optionsToProto, runToProto } from "../conversions/run-to-proto.ts";
import { runNotFound } from "../failures.ts";
import { selectRun } from "../store/select-run.ts";
import { selectRunRow } from "../store/select-run-row.ts";
import type { ContentType, StoredContent } from "../validation/payload.ts";
import { NO_OPTIONS, type ParsedRunOptions } from "../validation/run-options.ts";
import type { RunTrigger } from "./trigger-runs.ts";

/** Which run is repeated, and how. */
export interface Replay {
  readonly environmentId: string;
  readonly runId: string;
  readonly requestId: string;
  /** Undefined: the run's own. */
  readonly payload: StoredContent | undefined;
}

/**
 * Triggers a run's task once more, with its payload, tags and metadata as they are now, and with those of its options that say how it is executed: not its idempotency key, start
 * time, batch and version, nor its parent, for it starts now and by itself. Idempotent by the request id. Throws RUN_NOT_FOUND, OVERLOADED and NOT_READY.
 */
export async function replayRun(
  { postgres, trigger }: { readonly postgres: Queryable; readonly trigger: RunTrigger },
  { environmentId, runId, requestId, payload }: Replay,
): Promise<Run> {
  const row = await selectRun(postgres, environmentId, runId);
  if (row === undefined) throw runNotFound(runId);
  const [replayed] = await trigger.trigger(environmentId, [
    {
      requestId,
      taskId: row.task_id,
      payload: payload ?? { data: row.payload, contentType: row.payload_type as ContentType },
      queue: "",
      maxAttempts: 0,
      tags: row.tags,
      isTest: row.is_test,
      traceparent: "",
      parentRunId: "",
      options: { ...keptOptions(row.options), metadata: row.metadata },
      replayOfRunId: runId,
    },
  ]);
  if (replayed === undefined) throw new Error("a replay has no result");
  if (replayed instanceof CallFailure) throw replayed;
  const made = await selectRunRow(postgres, environmentId, replayed.runId);
  if (made === undefined) throw runNotFound(replayed.runId);
  return runToProto(made);
}

function keptOptions(encoded: Uint8Array | null): ParsedRunOptions {
  const options = optionsToProto(encoded);
  if (options === undefined) return NO_OPTIONS;
  const { ttl, priority, concurrencyKey, maxDurationSeconds, machine } = options;
  const kept = toBinary(
    RunOptionsSchema,
    create(RunOptionsSchema, {
      ...(ttl !== undefined && { ttl }),
      priority,
      concurrencyKey,
      maxDurationSeconds,
      machine,
    }),
  );
  return {
    ...NO_OPTIONS,
    encoded: kept.byteLength === 0 ? null : kept,
    machine: machine === "" ? null : machine,
    concurrencyKey: concurrencyKey === "" ? null : concurrencyKey,
    prioritySeconds: priority,
    ttlMs: ttl === undefined ? null : durationMs(ttl),
  };
}

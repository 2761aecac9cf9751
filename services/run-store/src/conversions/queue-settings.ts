import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { EnvironmentSettings, LeasedRun, QueueSettings, RateLimit } from "@windlass/proto";
import type { LeasedRow } from "../store/list-leased-runs.ts";
import type { EnvironmentSettingsRow, QueueSettingsRow } from "../store/list-queue-settings.ts";

export function environmentSettingsToProto(row: EnvironmentSettingsRow): EnvironmentSettings {
  return {
    $typeName: "windlass.internal.v1.EnvironmentSettings",
    environmentId: row.environment_id,
    ...(row.concurrency_limit !== null && { concurrencyLimit: row.concurrency_limit }),
  };
}

export function queueSettingsToProto(row: QueueSettingsRow): QueueSettings {
  const rateLimit = rateLimitToProto(row);
  return {
    $typeName: "windlass.internal.v1.QueueSettings",
    environmentId: row.environment_id,
    queue: row.name,
    ...(row.concurrency_limit !== null && { concurrencyLimit: row.concurrency_limit }),
    isPaused: row.is_paused,
    ...(rateLimit !== undefined && { rateLimit }),
  };
}

/** Undefined when there is none. */
export function rateLimitToProto(row: {
  readonly rate_limit: number | null;
  readonly rate_period_ms: number | null;
  readonly rate_is_per_key: boolean | null;
}): RateLimit | undefined {
  if (row.rate_limit === null) return undefined;
  return {
    $typeName: "windlass.v1.RateLimit",
    limit: row.rate_limit,
    period: durationFromMs(row.rate_period_ms ?? 0),
    isPerKey: row.rate_is_per_key ?? false,
  };
}

export function leasedRunToProto(row: LeasedRow): LeasedRun {
  return {
    $typeName: "windlass.internal.v1.LeasedRun",
    environmentId: row.environment_id,
    runId: row.run_id,
    queue: row.queue,
    concurrencyKey: row.concurrency_key ?? "",
    leaseToken: row.lease_token,
  };
}

import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Deployment, DeploymentSchema } from "@windlass/proto";
import { cronToProto } from "./cron-to-proto.ts";
import { rateLimitToProto } from "./queue-settings.ts";
import type { DeploymentRow, DeploymentTaskRow } from "../store/deployment-row.ts";

export function deploymentToProto(row: DeploymentRow, tasks: readonly DeploymentTaskRow[]): Deployment {
  return create(DeploymentSchema, {
    id: row.id,
    version: row.version,
    bundleHash: row.bundle_hash,
    createTime: timestampFromDate(row.create_time),
    isCurrent: row.is_current,
    replacedVersion: row.replaced_version ?? "",
    tasks: tasks.map((task) => ({
      id: task.task_id,
      filePath: task.file_path,
      exportName: task.export_name,
      queue: task.queue,
      retry: {
        maxAttempts: task.max_attempts,
        factor: task.retry_factor,
        minTimeoutMs: BigInt(task.retry_min_ms),
        maxTimeoutMs: BigInt(task.retry_max_ms),
        randomize: task.retry_randomize,
        outOfMemoryMachine: task.retry_out_of_memory_machine ?? "",
        isDisabledInDevelopment: task.retry_disabled_in_development,
      },
      description: task.description,
      maxDurationSeconds: task.max_duration_s ?? 0,
      machine: task.machine,
      needsFreshProcess: task.needs_fresh_process,
      isScheduled: task.is_scheduled,
      payloadSchemaJson: task.payload_schema_json ?? "",
      ...(task.cron !== null && {
        cron: cronToProto(task.cron, task.cron_timezone ?? "", task.cron_catch_up ?? "LATEST"),
      }),
      ...(task.concurrency_limit !== null && { queueConcurrencyLimit: task.concurrency_limit }),
      ...(task.rate_limit !== null && { queueRateLimit: rateLimitToProto(task) }),
      ...(task.max_length !== null && { queueMaxLength: task.max_length }),
    })),
  });
}

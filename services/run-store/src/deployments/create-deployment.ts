import { createHash } from "node:crypto";
import type { Deployment } from "@windlass/proto";
import { newResourceId, timeOfResourceId } from "../resource-id.ts";
import type { DeploymentTaskRow } from "../store/deployment-row.ts";
import { hasBundle } from "../store/has-bundle.ts";
import { insertBundle } from "../store/insert-bundle.ts";
import { insertDeployment } from "../store/insert-deployment.ts";
import { insertDeploymentTasks } from "../store/insert-deployment-tasks.ts";
import { selectNewestDeploymentId } from "../store/select-newest-deployment-id.ts";
import type { ParsedTaskDefinition } from "../validation/deployment-requests.ts";
import { changeCurrent, type ChangeCurrentOptions } from "./change-current.ts";
import type { Upload } from "./receive-upload.ts";

/**
 * Stores an upload as the environment's new current version, in one transaction: a crash leaves all of it or nothing. When bundle and index equal the current
 * version's, that one is returned and nothing changes, so that an upload can be repeated. Versions of one environment are made one after the other.
 */
export async function createDeployment(
  options: ChangeCurrentOptions,
  environmentId: string,
  { header, content }: Upload,
): Promise<Deployment> {
  const { bundleHash, tasks } = header;
  const indexHash = hashIndex(tasks);
  return changeCurrent(options, environmentId, {
    // Before the lock: up to 64 MB take their time, and whoever stores the same bytes at the same moment waits here.
    prepare: async (tx) => {
      if (!(await hasBundle(tx, bundleHash))) await insertBundle(tx, bundleHash, content);
    },
    choose: async (tx, current) => {
      if (current?.bundle_hash === bundleHash && current.index_hash === indexHash) return current.id;
      // Lists are ordered by id, so a version's id must follow all before it, whatever the clocks of two replicas say.
      const newest = await selectNewestDeploymentId(tx, environmentId);
      const afterMs = newest === undefined ? 0 : timeOfResourceId(newest) + 1;
      const id = newResourceId("dep", Math.max(options.clock.nowMs(), afterMs));
      await insertDeployment(tx, { environmentId, id, bundleHash, indexHash });
      await insertDeploymentTasks(tx, environmentId, id, tasks.map(taskToRow));
      return id;
    },
  });
}

/** The same for the same tasks, in whatever order they are named. */
function hashIndex(tasks: readonly ParsedTaskDefinition[]): string {
  const sorted = tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify(sorted.map((task) => Object.values(taskToRow(task)))))
    .digest("hex");
}

function taskToRow(task: ParsedTaskDefinition): DeploymentTaskRow {
  return {
    task_id: task.id,
    file_path: task.filePath,
    export_name: task.exportName,
    queue: task.queue,
    max_attempts: task.retry.maxAttempts,
    retry_factor: task.retry.factor,
    retry_min_ms: task.retry.minTimeoutMs,
    retry_max_ms: task.retry.maxTimeoutMs,
    retry_randomize: task.retry.randomize,
    retry_out_of_memory_machine: task.retry.outOfMemoryMachine,
    retry_disabled_in_development: task.retry.isDisabledInDevelopment,
    description: task.description,
    max_duration_s: task.maxDurationSeconds,
    machine: task.machine,
    needs_fresh_process: task.needsFreshProcess,
    is_scheduled: task.isScheduled,
    payload_schema_json: task.payloadSchemaJson,
    cron: task.cron?.expression ?? null,
    cron_timezone: task.cron?.timezone ?? null,
    cron_catch_up: task.cron?.catchUp ?? null,
    concurrency_limit: task.queueConcurrencyLimit,
    rate_limit: task.queueRateLimit?.limit ?? null,
    rate_period_ms: task.queueRateLimit?.periodMs ?? null,
    rate_is_per_key: task.queueRateLimit?.isPerKey ?? null,
    max_length: task.queueMaxLength,
  };
}

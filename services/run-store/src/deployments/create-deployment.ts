import { createHash } from "node:crypto";
import type { Clock, Postgres, Queryable } from "@windlass/chassis";
import type { Deployment, DueItem } from "@windlass/proto";
import { deploymentToProto } from "../conversions/deployment-to-proto.ts";
import { queueSettingsToProto } from "../conversions/queue-settings.ts";
import { environmentNotFound } from "../failures.ts";
import type { Feed } from "../feed/feed.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import { newResourceId, timeOfResourceId } from "../resource-id.ts";
import { syncSchedules } from "../schedules/sync-schedules.ts";
import type { DeploymentRow, DeploymentTaskRow } from "../store/deployment-row.ts";
import { hasBundle } from "../store/has-bundle.ts";
import { insertBundle } from "../store/insert-bundle.ts";
import { insertDeployment } from "../store/insert-deployment.ts";
import { insertDeploymentTasks } from "../store/insert-deployment-tasks.ts";
import type { QueueSettingsRow } from "../store/list-queue-settings.ts";
import { lockEnvironment } from "../store/lock-environment.ts";
import { selectDeployment } from "../store/select-deployment.ts";
import { selectDeploymentTasks } from "../store/select-deployment-tasks.ts";
import { setCurrentDeployment } from "../store/set-current-deployment.ts";
import { syncQueues } from "../store/sync-queues.ts";
import type { ParsedTaskDefinition } from "../validation/deployment-requests.ts";
import type { Upload } from "./receive-upload.ts";

/** What storing a version works with. */
export interface CreateDeploymentOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly feed: Feed;
  readonly queueNews: QueueAnnouncer;
}

/**
 * Stores an upload as the environment's new current version, in one transaction: a crash leaves all of it or nothing. When bundle and index equal the current
 * version's, that one is returned and nothing changes, so that an upload can be repeated. Versions of one environment are made one after the other.
 */
export async function createDeployment(
  { postgres, clock, feed, queueNews }: CreateDeploymentOptions,
  environmentId: string,
  { header, content }: Upload,
): Promise<Deployment> {
  const { bundleHash, tasks } = header;
  const indexHash = hashIndex(tasks);
  const ticks: DueItem[] = [];
  const changedQueues: QueueSettingsRow[] = [];
  const deployment = await postgres.transaction(async (tx) => {
    // Before the lock: up to 64 MB take their time, and whoever stores the same bytes at the same moment waits here.
    if (!(await hasBundle(tx, bundleHash))) await insertBundle(tx, bundleHash, content);
    const current = await lockCurrentDeployment(tx, environmentId);
    if (current?.bundle_hash === bundleHash && current.index_hash === indexHash)
      return loadDeployment(tx, environmentId, current);

    // Lists are ordered by id, so a version's id must follow the one before, whatever the clocks of two replicas say.
    const afterMs = current === undefined ? 0 : timeOfResourceId(current.id) + 1;
    const id = newResourceId("dep", Math.max(clock.nowMs(), afterMs));
    await insertDeployment(tx, { environmentId, id, bundleHash, indexHash });
    await insertDeploymentTasks(tx, environmentId, id, tasks.map(taskToRow));
    await setCurrentDeployment(tx, environmentId, id);
    changedQueues.push(...(await syncQueues(tx, environmentId, id)));
    ticks.push(...(await syncSchedules(tx, environmentId, tasks, clock.nowMs())));
    return loadDeployment(tx, environmentId, await readDeployment(tx, environmentId, id));
  });
  queueNews.settings(changedQueues.map(queueSettingsToProto));
  feed.due.publish(ticks);
  return deployment;
}

async function lockCurrentDeployment(tx: Queryable, environmentId: string): Promise<DeploymentRow | undefined> {
  const environment = await lockEnvironment(tx, environmentId);
  if (environment === undefined) throw environmentNotFound(environmentId);
  const currentId = environment.current_deployment_id;
  return currentId === null ? undefined : readDeployment(tx, environmentId, currentId);
}

async function readDeployment(tx: Queryable, environmentId: string, id: string): Promise<DeploymentRow> {
  const row = await selectDeployment(tx, environmentId, id);
  if (row === undefined) throw new Error(`the deployment ${id} of ${environmentId} is missing`);
  return row;
}

async function loadDeployment(tx: Queryable, environmentId: string, row: DeploymentRow): Promise<Deployment> {
  const tasks = await selectDeploymentTasks(tx, environmentId, [row.id]);
  return deploymentToProto(row, tasks.get(row.id) ?? []);
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
    is_scheduled: task.isScheduled,
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

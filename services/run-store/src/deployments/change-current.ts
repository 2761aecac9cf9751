import type { Clock, Postgres, Queryable } from "@windlass/chassis";
import type { Deployment, DueItem } from "@windlass/proto";
import { deploymentToProto } from "../conversions/deployment-to-proto.ts";
import { queueSettingsToProto } from "../conversions/queue-settings.ts";
import { environmentNotFound } from "../failures.ts";
import type { Feed } from "../feed/feed.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import { syncSchedules } from "../schedules/sync-schedules.ts";
import type { DeploymentRow, DeploymentTaskRow } from "../store/deployment-row.ts";
import type { QueueSettingsRow } from "../store/list-queue-settings.ts";
import { lockEnvironment } from "../store/lock-environment.ts";
import { selectDeployment } from "../store/select-deployment.ts";
import { selectDeploymentTasks } from "../store/select-deployment-tasks.ts";
import { setCurrentDeployment } from "../store/set-current-deployment.ts";
import { syncQueues } from "../store/sync-queues.ts";

/** What changing the current version works with. */
export interface ChangeCurrentOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly feed: Feed;
  readonly queueNews: QueueAnnouncer;
}

/** Which version is to be current. */
export interface CurrentChoice {
  /** What the transaction does before it locks the environment. */
  readonly prepare?: (tx: Queryable) => Promise<void>;
  /** Gives the id of the version, having stored it if need be. Versions of one environment are chosen one after the other. */
  readonly choose: (tx: Queryable, current: DeploymentRow | undefined) => Promise<string>;
}

/**
 * Makes a version current, with all that follows the current version: declared schedules, and the settings of queues. One transaction: a crash leaves all of it or
 * nothing. The current version, chosen again, changes nothing. Returns what is current now. Throws ENVIRONMENT_NOT_FOUND and what `choose` throws.
 */
export async function changeCurrent(
  { postgres, clock, feed, queueNews }: ChangeCurrentOptions,
  environmentId: string,
  { prepare, choose }: CurrentChoice,
): Promise<Deployment> {
  const changedQueues: QueueSettingsRow[] = [];
  const ticks: DueItem[] = [];
  const deployment = await postgres.transaction(async (tx) => {
    await prepare?.(tx);
    const current = await lockCurrent(tx, environmentId);
    const id = await choose(tx, current);
    const tasks = (await selectDeploymentTasks(tx, environmentId, [id])).get(id) ?? [];
    if (id !== current?.id) {
      await setCurrentDeployment(tx, environmentId, id);
      changedQueues.push(...(await syncQueues(tx, environmentId, id)));
      ticks.push(...(await syncSchedules(tx, environmentId, tasks.map(scheduleOf), clock.nowMs())));
    }
    return deploymentToProto(await read(tx, environmentId, id), tasks);
  });
  queueNews.settings(changedQueues.map(queueSettingsToProto));
  feed.due.publish(ticks);
  return deployment;
}

async function lockCurrent(tx: Queryable, environmentId: string): Promise<DeploymentRow | undefined> {
  const environment = await lockEnvironment(tx, environmentId);
  if (environment === undefined) throw environmentNotFound(environmentId);
  const currentId = environment.current_deployment_id;
  return currentId === null ? undefined : read(tx, environmentId, currentId);
}

async function read(tx: Queryable, environmentId: string, id: string): Promise<DeploymentRow> {
  const row = await selectDeployment(tx, environmentId, id);
  if (row === undefined) throw new Error(`the deployment ${id} of ${environmentId} is missing`);
  return row;
}

function scheduleOf(task: DeploymentTaskRow): Parameters<typeof syncSchedules>[2][number] {
  const { task_id: id, cron: expression, cron_timezone: timezone, cron_catch_up: catchUp } = task;
  if (expression === null) return { id, cron: null };
  return { id, cron: { expression, timezone: timezone ?? "UTC", catchUp: catchUp ?? "LATEST" } };
}

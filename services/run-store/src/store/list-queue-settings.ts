import type { Queryable, Statement } from "@windlass/chassis";
import { QUEUE_SETTINGS } from "./queue-row.ts";

/** What is in force for a queue; null: nothing. */
export interface QueueSettingsRow {
  readonly environment_id: string;
  readonly name: string;
  readonly concurrency_limit: number | null;
  readonly is_paused: boolean;
  readonly rate_limit: number | null;
  readonly rate_period_ms: number | null;
  readonly rate_is_per_key: boolean | null;
}

/** What is in force for an environment; null: nothing. */
export interface EnvironmentSettingsRow {
  readonly environment_id: string;
  readonly concurrency_limit: number | null;
}

/** Which part of a shard's settings is wanted: those with something to say, or all. */
export interface SettingsPage<Position> {
  readonly shard: number;
  readonly after: Position;
  readonly isWhole: boolean;
  readonly limit: number;
}

/** Before every queue. */
export const SETTINGS_START = { environmentId: "", name: "" };

const LIST_QUEUE_SETTINGS: Statement = {
  name: "list_queue_settings",
  text: `
SELECT ${QUEUE_SETTINGS}
FROM queues q JOIN environments e ON e.id = q.environment_id
WHERE e.queue_shard = $1 AND (q.environment_id, q.name) > ($2 COLLATE "C", $3 COLLATE "C")
  AND ($4 OR q.is_paused OR num_nonnulls(q.override_limit, q.declared_limit, q.rate_limit) > 0)
ORDER BY q.environment_id, q.name
LIMIT $5`,
};

const LIST_ENVIRONMENT_SETTINGS: Statement = {
  name: "list_environment_settings",
  text: `
SELECT id AS environment_id, concurrency_limit FROM environments
WHERE queue_shard = $1 AND id > $2 COLLATE "C" AND ($3 OR concurrency_limit IS NOT NULL)
ORDER BY id
LIMIT $4`,
};

/** A page of a shard's queues, by environment and name. */
export function listQueueSettings(
  db: Queryable,
  page: SettingsPage<{ readonly environmentId: string; readonly name: string }>,
): Promise<QueueSettingsRow[]> {
  const { shard, after, isWhole, limit } = page;
  return db.query<QueueSettingsRow>(LIST_QUEUE_SETTINGS, [shard, after.environmentId, after.name, isWhole, limit]);
}

/** A page of a shard's environments, by id. */
export function listEnvironmentSettings(db: Queryable, page: SettingsPage<string>): Promise<EnvironmentSettingsRow[]> {
  const { shard, after, isWhole, limit } = page;
  return db.query<EnvironmentSettingsRow>(LIST_ENVIRONMENT_SETTINGS, [shard, after, isWhole, limit]);
}

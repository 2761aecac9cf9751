import type { Queryable } from "@windlass/chassis";
import { QUEUE_COLUMNS, type QueueRow } from "./queue-row.ts";

const list = {
  name: "list_queues",
  text: `SELECT ${QUEUE_COLUMNS} FROM queues q WHERE q.environment_id = $1 AND q.name > $2 COLLATE "C" ORDER BY q.name LIMIT $3`,
};
const select = {
  name: "select_queue",
  text: `SELECT ${QUEUE_COLUMNS} FROM queues q WHERE q.environment_id = $1 AND q.name = $2`,
};
const pause = {
  name: "pause_queue",
  text: `UPDATE queues q SET is_paused = $3 WHERE q.environment_id = $1 AND q.name = $2 RETURNING ${QUEUE_COLUMNS}`,
};
const override = {
  name: "override_queue",
  text: `UPDATE queues q SET override_limit = $3 WHERE q.environment_id = $1 AND q.name = $2 RETURNING ${QUEUE_COLUMNS}`,
};
const ensure = {
  name: "ensure_queues",
  text: `INSERT INTO queues (environment_id, name) SELECT $1, name FROM unnest($2::text[]) AS i (name) ORDER BY name ON CONFLICT DO NOTHING`,
};

/** An environment's queues by name, after the one of that name. */
export function listQueues(
  db: Queryable,
  environmentId: string,
  page: { readonly afterName: string; readonly limit: number },
): Promise<QueueRow[]> {
  return db.query<QueueRow>(list, [environmentId, page.afterName, page.limit]);
}

/** Undefined when the environment has no such queue. */
export async function selectQueue(db: Queryable, environmentId: string, name: string): Promise<QueueRow | undefined> {
  const [row] = await db.query<QueueRow>(select, [environmentId, name]);
  return row;
}

/** Pauses a queue or lets it go on. Undefined when there is none. */
export async function setQueuePaused(
  db: Queryable,
  environmentId: string,
  name: string,
  isPaused: boolean,
): Promise<QueueRow | undefined> {
  const [row] = await db.query<QueueRow>(pause, [environmentId, name, isPaused]);
  return row;
}

/** Sets the limit that goes before the declared one; null: none. Undefined when there is no such queue. */
export async function setQueueOverride(
  db: Queryable,
  environmentId: string,
  name: string,
  limit: number | null,
): Promise<QueueRow | undefined> {
  const [row] = await db.query<QueueRow>(override, [environmentId, name, limit]);
  return row;
}

/** Makes queues that are not there yet. */
export async function ensureQueues(db: Queryable, environmentId: string, names: readonly string[]): Promise<void> {
  await db.query(ensure, [environmentId, names]);
}

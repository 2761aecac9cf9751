import type { Queryable } from "@windlass/chassis";
import type { QueueSettingsRow } from "./list-queue-settings.ts";
import { QUEUE_SETTINGS } from "./queue-row.ts";

const DECLARED = ["declared_limit", "rate_limit", "rate_period_ms", "rate_is_per_key", "max_length"];
const columns = (of: string) => DECLARED.map((name) => `${of}.${name}`).join(", ");

// Tasks of one queue say the same of it, or nothing.
const statement = {
  name: "sync_queues",
  text: `
WITH declared AS MATERIALIZED (
  SELECT queue AS name, min(concurrency_limit) AS declared_limit, min(rate_limit) AS rate_limit, min(rate_period_ms) AS rate_period_ms,
    bool_and(rate_is_per_key) AS rate_is_per_key, min(max_length) AS max_length
  FROM deployment_tasks WHERE environment_id = $1 AND deployment_id = $2
  GROUP BY queue
), changed AS (
  INSERT INTO queues AS q (environment_id, name, ${DECLARED.join(", ")})
  SELECT $1, d.name, ${columns("d")} FROM declared d ORDER BY d.name
  ON CONFLICT (environment_id, name) DO UPDATE SET (${DECLARED.join(", ")}) = ROW (${columns("excluded")})
  WHERE (${columns("q")}) IS DISTINCT FROM (${columns("excluded")})
  RETURNING q.*
), dropped AS (
  UPDATE queues q SET (${DECLARED.join(", ")}) = ROW (${DECLARED.map(() => "NULL").join(", ")})
  WHERE q.environment_id = $1 AND num_nonnulls(${columns("q")}) > 0 AND (q.name IN (SELECT name FROM declared)) IS NOT TRUE
  RETURNING q.*
)
SELECT ${QUEUE_SETTINGS} FROM changed q UNION ALL SELECT ${QUEUE_SETTINGS} FROM dropped q`,
};

/** Makes an environment's queues what the tasks of a version declare; overrides and pauses stay. Gives those that changed, as they are now. */
export function syncQueues(tx: Queryable, environmentId: string, deploymentId: string): Promise<QueueSettingsRow[]> {
  return tx.query<QueueSettingsRow>(statement, [environmentId, deploymentId]);
}

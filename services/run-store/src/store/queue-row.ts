import type { QueueSettingsRow } from "./list-queue-settings.ts";

/** A queue with all that is known of its settings. */
export interface QueueRow extends QueueSettingsRow {
  readonly declared_limit: number | null;
  readonly override_limit: number | null;
  readonly max_length: number | null;
}

/** Of `queues q`: what is in force. */
export const QUEUE_SETTINGS =
  "q.environment_id, q.name, coalesce(q.override_limit, q.declared_limit) AS concurrency_limit, q.is_paused, q.rate_limit, q.rate_period_ms, q.rate_is_per_key";

/** Of `queues q`: everything. */
export const QUEUE_COLUMNS = `${QUEUE_SETTINGS}, q.declared_limit, q.override_limit, q.max_length`;

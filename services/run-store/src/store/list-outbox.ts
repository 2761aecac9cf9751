import type { Queryable, Statement } from "@windlass/chassis";

/** An outbox row that nobody has published. */
export interface OutboxRow {
  readonly id: number;
  readonly environment_ids: string[];
  readonly run_ids: string[];
}

const LIST_OUTBOX: Statement = {
  name: "list_outbox",
  text: `
SELECT id::float8, environment_ids, run_ids FROM outbox
WHERE create_time < now() - $1::float8 * interval '1 millisecond'
ORDER BY id LIMIT $2`,
};

/** Outbox rows, oldest first, that have waited for at least so long: their process died, or could not reach NATS. */
export function listOutbox(
  db: Queryable,
  page: { readonly minAgeMs: number; readonly limit: number },
): Promise<OutboxRow[]> {
  return db.query<OutboxRow>(LIST_OUTBOX, [page.minAgeMs, page.limit]);
}

import type { Queryable, Statement } from "@windlass/chassis";

const DELETE_SCHEDULE: Statement = {
  name: "delete_schedule",
  text: `DELETE FROM schedules WHERE environment_id = $1 AND id = $2 AND type = 'IMPERATIVE'`,
};

/** Removes an imperative schedule, if there is one of that id. */
export async function deleteSchedule(db: Queryable, environmentId: string, id: string): Promise<void> {
  await db.query(DELETE_SCHEDULE, [environmentId, id]);
}

import type { Queryable, Statement } from "@windlass/chassis";
import { microseconds } from "./sql.ts";

const SELECT_NOW: Statement = { name: "select_now", text: `SELECT ${microseconds("clock_timestamp()")} AS now_us` };

/** The database's clock, in milliseconds since 1970. */
export async function selectNowMs(db: Queryable): Promise<number> {
  const [row] = await db.query<{ now_us: number }>(SELECT_NOW, []);
  if (row === undefined) throw new Error("the database tells no time");
  return row.now_us / 1_000;
}

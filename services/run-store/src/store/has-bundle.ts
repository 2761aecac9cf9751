import type { Queryable } from "@windlass/chassis";

const statement = { name: "has_bundle", text: `SELECT FROM bundles WHERE hash = $1` };

export async function hasBundle(db: Queryable, hash: string): Promise<boolean> {
  return (await db.query(statement, [hash])).length > 0;
}

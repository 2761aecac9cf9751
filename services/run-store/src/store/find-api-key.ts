import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "find_api_key",
  text: `SELECT environment_id FROM api_keys WHERE hash = $1 AND revoke_time IS NULL`,
};

/** The environment of the working key with this SHA-256, or undefined. */
export async function findApiKey(db: Queryable, hash: Buffer): Promise<string | undefined> {
  const [row] = await db.query<{ environment_id: string }>(statement, [hash]);
  return row?.environment_id;
}

import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "insert_bundle",
  text: `INSERT INTO bundles (hash, size, content) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING`,
};

/** Stores a bundle unless it is there: its hash says all about it. Waits while another transaction stores the same. */
export async function insertBundle(tx: Queryable, hash: string, content: Buffer): Promise<void> {
  await tx.query(statement, [hash, content.byteLength, content]);
}

import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "read_bundle_chunk",
  text: `SELECT substring(content FROM $2::int4 + 1 FOR $3::int4) AS chunk, size::int4 FROM bundles WHERE hash = $1`,
};

/** A piece of a bundle. */
export interface BundleChunk {
  readonly chunk: Buffer;
  /** Of the whole bundle. */
  readonly size: number;
}

/** At most `length` bytes of a bundle from `offset` on; undefined when there is no such bundle. Other bytes are not read: see `bundles.content`. */
export async function readBundleChunk(
  db: Queryable,
  hash: string,
  offset: number,
  length: number,
): Promise<BundleChunk | undefined> {
  const [row] = await db.query<BundleChunk>(statement, [hash, offset, length]);
  return row;
}

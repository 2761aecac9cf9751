import type { Queryable } from "@windlass/chassis";
import { deploymentNotFound } from "../failures.ts";
import { readBundleChunk } from "../store/read-bundle-chunk.ts";
import { MAX_CHUNK_BYTES } from "../validation/deployment-requests.ts";

/** A bundle's bytes, 1 MB at a time and no faster than they are taken. Throws DEPLOYMENT_NOT_FOUND. */
export async function* readBundle(db: Queryable, bundleHash: string): AsyncGenerator<Buffer, void> {
  let offset = 0;
  let size: number;
  do {
    const piece = await readBundleChunk(db, bundleHash, offset, MAX_CHUNK_BYTES);
    if (piece === undefined) throw deploymentNotFound(`There is no bundle ${bundleHash}.`);
    yield piece.chunk;
    offset += piece.chunk.byteLength;
    size = piece.size;
  } while (offset < size);
}

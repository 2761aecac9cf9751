import type { Queryable } from "@windlass/chassis";

const statement = {
  name: "find_signing_key",
  text: `
    SELECT k.hash FROM environments e JOIN api_keys k ON k.environment_id = e.id
    WHERE e.slug = $1 AND k.revoke_time IS NULL AND substring(sha256(k.hash) FROM 1 FOR octet_length($2::bytea)) = $2`,
};

/** The hash of the environment's working key whose hash's own SHA-256 begins with the fingerprint, or undefined. An environment has at most 1,000 working keys. */
export async function findSigningKey(
  db: Queryable,
  { environmentSlug, fingerprint }: { readonly environmentSlug: string; readonly fingerprint: Buffer },
): Promise<Buffer | undefined> {
  const [row] = await db.query<{ hash: Buffer }>(statement, [environmentSlug, fingerprint]);
  return row?.hash;
}

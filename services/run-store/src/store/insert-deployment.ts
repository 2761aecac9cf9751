import type { Queryable } from "@windlass/chassis";

// Versions count per day of the database's clock in UTC. The caller holds the environment's lock, so nobody else counts at the same time.
const statement = {
  name: "insert_deployment",
  text: `
    INSERT INTO deployments (environment_id, id, version, bundle_hash, index_hash, create_time)
    SELECT $1, $2, day || '.' || (
        SELECT coalesce(max(split_part(version, '.', 2)::int4), 0) + 1 FROM deployments
        WHERE environment_id = $1 AND split_part(version, '.', 1) = day
      ), $3, $4, clock_timestamp()
    FROM to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD') day`,
};

/** Stores a version under the next number of the day. Needs the lock of {@link lockEnvironment}. */
export async function insertDeployment(
  tx: Queryable,
  deployment: {
    readonly environmentId: string;
    readonly id: string;
    readonly bundleHash: string;
    readonly indexHash: string;
  },
): Promise<void> {
  const { environmentId, id, bundleHash, indexHash } = deployment;
  await tx.query(statement, [environmentId, id, bundleHash, indexHash]);
}

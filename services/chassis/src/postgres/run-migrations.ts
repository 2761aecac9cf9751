import type { PoolClient } from "pg";
import { loadDrizzle, loadMigrator } from "./load-drizzle.ts";
import type { Postgres } from "./postgres.ts";
import type { Statement } from "./statement.ts";

/** For one statement of a migration, and for waiting while another replica migrates. */
const statementLimitMs = 3_600_000;

const lock: Statement = { name: "chassis_migration_lock", text: "select pg_advisory_lock($1::int8)" };

/**
 * Applies the migrations of a drizzle-kit folder that the database has not seen, all in one transaction. Replicas that
 * start together take turns under the advisory lock; all but the first find nothing to do. A crash rolls back, and ends
 * the lock with its connection. Through a pooler that shares connections between transactions (pgbouncer) the lock does
 * not hold: migrate over a direct connection.
 */
export async function runMigrations(postgres: Postgres, folder: string, lockKey: bigint): Promise<void> {
  await postgres.session(statementLimitMs, async (session) => {
    await session.query(lock, [lockKey]);
    // Drizzle asks no more of a client than this.
    const client = { query: session.run } as unknown as PoolClient;
    await loadMigrator().migrate(loadDrizzle().drizzle(client), { migrationsFolder: folder });
  });
}

import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { connectToPostgres } from "./connect-to-postgres.ts";

/** A database for one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Ends its sessions and removes it. */
  drop(): Promise<void>;
}

/** Makes a fresh, empty database on the test run's server. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  const admin = new URL(inject("postgresAdminUrl"));
  await runStatement(admin.href, `create database ${name} strategy file_copy`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => runStatement(admin.href, `drop database ${name} with (force)`) };
}

async function runStatement(url: string, text: string): Promise<void> {
  const postgres = await connectToPostgres(url);
  try {
    await postgres.query({ name: "", text });
  } finally {
    await postgres.stop();
  }
}

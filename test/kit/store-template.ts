import path from "node:path";
import { runMigrations } from "@windlass/chassis";
import { repositoryDirectory } from "@windlass/local";
import { connectToPostgres } from "./connect-to-postgres.ts";

/** The database of the test run's server that has the run-store's tables, with nothing in them. Nobody is connected to it, so that it can be copied. */
export const STORE_TEMPLATE = "store_template";
const MIGRATIONS = path.join(repositoryDirectory, "services/run-store/migrations");

/** Makes that database, for global-setup.ts: a copy of it takes a fifth of the migrations' time. */
export async function createStoreTemplate(adminUrl: string): Promise<void> {
  await runStatement(adminUrl, `create database ${STORE_TEMPLATE} strategy file_copy`);
  const postgres = await connectToPostgres(databaseUrl(adminUrl, STORE_TEMPLATE));
  try {
    await runMigrations(postgres, MIGRATIONS, 1n);
  } finally {
    await postgres.stop();
  }
}

/** Of a database of the same server. */
export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one statement on a connection of its own. */
export async function runStatement(url: string, text: string): Promise<void> {
  const postgres = await connectToPostgres(url);
  try {
    await postgres.query({ name: "", text });
  } finally {
    await postgres.stop();
  }
}

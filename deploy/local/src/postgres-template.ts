import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { placePostgres, type PostgresPlace } from "./postgres-account.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { preparePostgresData } from "./postgres-data.ts";

/**
 * Makes `directory` the folder of a fresh server, as its first start would, but by a copy, which takes a tenth of initdb's time.
 * @param templates where the original is kept between calls; two processes may make it at the same time.
 */
export async function copyPostgresTemplate(directory: string, templates: string): Promise<void> {
  const template = await ensureTemplate(templates);
  const target = placePostgres(directory, findPostgresBinaries());
  for (const name of ["data", "password"]) execFileSync("cp", ["-a", path.join(template, name), target.directory]); // with owner and mode
}

async function ensureTemplate(templates: string): Promise<string> {
  mkdirSync(templates, { recursive: true });
  const binaries = findPostgresBinaries();
  const place = placePostgres(path.join(templates, `postgres-${binaries.version}`), binaries);
  if (!isComplete(place)) {
    const draft = placePostgres(path.join(templates, `postgres-${binaries.version}.${process.pid}`), binaries);
    await preparePostgresData(draft, path.join(templates, "initdb.log"));
    publish(draft, place);
  }
  return place.directory;
}

/** Complete or not there, also after a crash; when another process was faster, its template serves. */
function publish(draft: PostgresPlace, place: PostgresPlace): void {
  try {
    renameSync(draft.directory, place.directory); // replaces the empty folder
  } catch (error) {
    rmSync(draft.directory, { recursive: true, force: true });
    if (!isComplete(place)) throw error;
  }
}

function isComplete(place: PostgresPlace): boolean {
  return existsSync(path.join(place.directory, "data", "PG_VERSION"));
}

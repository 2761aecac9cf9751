import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { withLogFile, lastWords } from "./log-file.ts";
import { endProcess, identifyProcess } from "./process-identity.ts";
import type { PostgresPlace } from "./postgres-account.ts";

/** The name of the database and of its owner. */
export const databaseName = "windlass";

/** A server's files, ready to be served. */
export interface PostgresData {
  readonly directory: string;
  readonly password: string;
}

/**
 * Makes a server's files the first time, and finds them later. What a crash left is put right: half-made files are made anew,
 * a server of these files that nobody watches any more is stopped, and a stale postmaster.pid is removed.
 * Call it only as the one owner of the folder.
 * @throws when initdb fails, or when the files were made by another major version.
 */
export async function preparePostgresData(place: PostgresPlace, logFile: string): Promise<PostgresData> {
  const data = { directory: path.join(place.directory, "data"), password: readOrMakePassword(place) };
  if (existsSync(data.directory)) checkVersion(data.directory, place);
  else createData(data.directory, place, logFile);
  await removeStalePidFile(data.directory);
  return data;
}

function createData(directory: string, place: PostgresPlace, logFile: string): void {
  const draft = `${directory}.new`;
  rmSync(draft, { recursive: true, force: true });
  const locale = ["--no-locale", "--encoding=UTF8"]; // byte order: the same on every machine, and the fastest
  run(
    place.binaries.initdb,
    [
      `--pgdata=${draft}`,
      `--username=${databaseName}`,
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile(place)}`,
      ...locale,
    ],
    "",
  );
  run(place.binaries.postgres, ["--single", "-D", draft, "postgres"], `CREATE DATABASE ${databaseName}\n`);
  renameSync(draft, directory); // complete or not there, also after a crash

  function run(command: string, args: string[], input: string): void {
    const result = withLogFile(logFile, (log) =>
      spawnSync(command, args, { input, stdio: ["pipe", log, log], cwd: place.directory, ...place.runAs }),
    );
    if (result.status !== 0)
      throw new Error(
        `${path.basename(command)} failed: ${result.error?.message ?? lastWords(logFile)} (log: ${logFile})`,
      );
  }
}

function checkVersion(directory: string, place: PostgresPlace): void {
  const made = readFileSync(path.join(directory, "PG_VERSION"), "utf8").trim();
  const [major] = place.binaries.version.split(".");
  if (made !== major)
    throw new Error(
      `the data in ${directory} belongs to PostgreSQL ${made}, and this is ${major}: move it away, or restore it from a dump`,
    );
}

/**
 * After a kill -9 PostgreSQL finds its old pid file. It copes when that process is gone, but takes any other living process with the same id for itself and
 * refuses to start: then, and only then, the file is removed. A server of these very files that nobody watches any more is stopped.
 */
async function removeStalePidFile(directory: string): Promise<void> {
  const file = path.join(directory, "postmaster.pid");
  const identity = existsSync(file) ? identifyProcess(Number(readFileSync(file, "utf8").split("\n")[0])) : undefined;
  if (identity === undefined) return;
  if (commandLine(identity.pid).includes(directory)) await endProcess(identity, "SIGINT", 10_000);
  else rmSync(file);
}

function commandLine(pid: number): string {
  if (process.platform === "linux") {
    return existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") : "";
  }
  return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout;
}

function passwordFile(place: PostgresPlace): string {
  return path.join(place.directory, "password");
}

function readOrMakePassword(place: PostgresPlace): string {
  const file = passwordFile(place);
  if (!existsSync(file)) {
    const draft = `${file}.new`;
    writeFileSync(draft, randomBytes(24).toString("hex"), { mode: 0o600 });
    if (place.runAs !== undefined) chownSync(draft, place.runAs.uid, place.runAs.gid);
    renameSync(draft, file);
  }
  return readFileSync(file, "utf8").trim();
}

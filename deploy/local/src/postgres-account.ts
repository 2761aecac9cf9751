import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, cpSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { binariesAt, type PostgresBinaries } from "./postgres-binaries.ts";

/** The user and group that PostgreSQL runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Where a server's files are, and who owns them. */
export interface PostgresPlace {
  readonly directory: string;
  readonly binaries: PostgresBinaries;
  /** Undefined: this process' own user. */
  readonly runAs: Account | undefined;
}

/** Where root keeps what another user must reach; see placePostgres. */
const sharedDirectory = "/var/lib/windlass";

/**
 * Decides where a server lives and as whom it runs, and makes its folder.
 * PostgreSQL refuses to run as root: root runs it as "postgres", or as "nobody" where there is no such user; no user is created.
 * That user cannot reach a clone below /root (or any folder closed to others): then the programs and the data are placed in /var/lib/windlass.
 */
export function placePostgres(directory: string, binaries: PostgresBinaries): PostgresPlace {
  if (process.getuid?.() !== 0) {
    mkdirSync(directory, { recursive: true });
    return { directory, binaries, runAs: undefined };
  }
  const account = unprivilegedAccount();
  const parent = path.dirname(path.resolve(directory));
  mkdirSync(parent, { recursive: true });
  const place: PostgresPlace = {
    directory: canReach(parent, account) ? directory : sharedPlaceOf(directory),
    binaries: canReach(binaries.postgres, account) ? binaries : copyToSharedDirectory(binaries),
    runAs: account,
  };
  mkdirSync(place.directory, { recursive: true });
  chownSync(place.directory, account.uid, account.gid);
  return place;
}

function sharedPlaceOf(directory: string): string {
  const id = createHash("sha256").update(path.resolve(directory)).digest("hex").slice(0, 12);
  return path.join(sharedDirectory, id);
}

function copyToSharedDirectory(binaries: PostgresBinaries): PostgresBinaries {
  const copy = path.join(sharedDirectory, `postgres-${binaries.version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    mkdirSync(sharedDirectory, { recursive: true, mode: 0o755 });
    cpSync(binaries.root, draft, { recursive: true, verbatimSymlinks: true });
    renameSync(draft, copy); // complete or not there, also after a crash
  }
  return binariesAt(copy, binaries.version);
}

function unprivilegedAccount(): Account {
  const account = findAccount("postgres") ?? findAccount("nobody");
  if (account === undefined)
    throw new Error('PostgreSQL cannot run as root, and there is neither a user "postgres" nor "nobody" to run it as');
  return account;
}

function findAccount(name: string): Account | undefined {
  const ask = (flag: string): number =>
    Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: ask("-u"), gid: ask("-g") };
  } catch {
    return undefined; // no such user
  }
}

/** Whether the account may pass through every folder down to the file, and enter it (a folder) or run it (a program). */
function canReach(file: string, account: Account): boolean {
  const { uid, gid, mode } = statSync(file);
  const allowed = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
  const parent = path.dirname(file);
  return allowed !== 0 && (parent === file || canReach(parent, account));
}

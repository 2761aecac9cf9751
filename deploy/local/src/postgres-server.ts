import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { childEnvironment } from "./child-environment.ts";
import { createMember, type ClusterMember } from "./cluster-member.ts";
import { startProcess } from "./managed-process.ts";
import type { MemberPlace } from "./member-place.ts";
import { placePostgres } from "./postgres-account.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { databaseName, preparePostgresData } from "./postgres-data.ts";

/** Where a server's files are, and what differs from our settings. */
export interface PostgresServerOptions extends MemberPlace {
  /** Holds the data and the password; made when missing. */
  readonly directory: string;
  /** Over the settings below, for example `{ fsync: "off" }` in tests that lose no power. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

/** A member that is a database server. */
export interface PostgresMember extends ClusterMember {
  /** Of the database "windlass", whose user owns the server. Known after the first start. */
  readonly url: string;
}

const startLimitMs = 60_000; // after a kill -9, recovery replays the log first
const stopLimitMs = 20_000;
/** Within this the processes of a server that was killed have seen that it is gone. Until then none starts beside them. */
const orphansLimitMs = 20_000;
const orphansRemain = /pre-existing shared memory block .* is still in use/u;
const retryIntervalMs = 100;

/** Everything that is acknowledged is on disk; connections come by TCP alone. */
const baseSettings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "on",
  synchronous_commit: "on",
  shared_buffers: "128MB",
  max_connections: "100",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  jit: "off",
  log_timezone: "UTC",
  timezone: "UTC",
};

/**
 * Describes a real PostgreSQL on loopback. The first start makes its files. Stopping is PostgreSQL's fast shutdown: sessions are ended, nothing committed is lost.
 * A crash leaves a server that its watcher stops, and data that the next start recovers.
 */
export function createPostgresMember(options: PostgresServerOptions): PostgresMember {
  let files: { dataDirectory: string; url: string } | undefined;
  const member = createMember({
    name: options.name,
    address: `127.0.0.1:${options.port}`,
    async launch() {
      const place = placePostgres(options.directory, findPostgresBinaries());
      const data = await preparePostgresData(place, path.join(options.logDirectory, `${options.name}-initdb.log`));
      files = {
        dataDirectory: data.directory,
        url: `postgres://${databaseName}:${data.password}@127.0.0.1:${options.port}/${databaseName}`,
      };
      const settings = Object.entries({ ...baseSettings, ...options.settings, port: String(options.port) });
      return startProcess({
        name: options.name,
        command: place.binaries.postgres,
        args: ["-D", data.directory, ...settings.flatMap(([key, value]) => ["-c", `${key}=${value}`])],
        cwd: place.directory,
        env: childEnvironment({ ...options.env(), LC_ALL: "C" }),
        logFile: path.join(options.logDirectory, `${options.name}.log`),
        recordDirectory: options.recordDirectory,
        stopSignal: "SIGINT",
        exitWithParent: "watcher",
        runAs: place.runAs,
      });
    },
    isReady: (child) => files !== undefined && isAcceptingConnections(files.dataDirectory, child.pid),
    startLimitMs,
    stopLimitMs,
  });
  const startOnce = member.start.bind(member);
  member.start = () => startWithoutOrphans(startOnce);
  return Object.defineProperty(member, "url", {
    get() {
      if (files === undefined) throw new Error(`${options.name} has not been started yet`);
      return files.url;
    },
  }) as PostgresMember;
}

/** Tries again while processes of a server that was killed are left. @throws what the last try has thrown. */
async function startWithoutOrphans(start: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + orphansLimitMs;
  for (;;) {
    try {
      await start();
      return;
    } catch (error) {
      if (!orphansRemain.test(String(error)) || performance.now() > deadline) throw error;
    }
    await sleep(retryIntervalMs);
  }
}

/** PostgreSQL says so in the eighth line of its pid file; its own pg_ctl looks there too. */
function isAcceptingConnections(dataDirectory: string, pid: number): boolean {
  try {
    const lines = readFileSync(path.join(dataDirectory, "postmaster.pid"), "utf8").split("\n");
    return lines[0] === String(pid) && lines[7]?.trim() === "ready";
  } catch {
    return false; // not written yet
  }
}

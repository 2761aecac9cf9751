import path from "node:path";
import type { Postgres } from "@windlass/chassis";
import {
  copyPostgresTemplate,
  createCluster,
  generateSecrets,
  localPaths,
  sendSignal,
  type ClusterMember,
  type Secrets,
  type ServiceName,
} from "@windlass/local";
import { deploy } from "@windlass/sdk/build";
import { type BreakableLine, startBreakableLine } from "./breakable-line.ts";
import { connectClients, type Clients } from "./clients.ts";
import { connectToPostgres } from "./connect-to-postgres.ts";
import { descendants, processesOf } from "./processes.ts";
import { createScratchDirectory } from "./scratch-directory.ts";
import { postgresTemplates } from "./test-postgres.ts";
import { waitFor } from "./wait-for.ts";

/** What cluster a test needs. */
export interface TestClusterOptions {
  /** How many of each service; one unless told, but no dashboard. The second queue is named "queue-2", and so on. */
  readonly instances?: Partial<Record<ServiceName, number>>;
  /** Worker processes of each supervisor; 2 unless told. */
  readonly workers?: number;
  /** How long a supervisor lives without a heartbeat; 3 s unless told, so that tests of lost supervisors are short. */
  readonly supervisorTtlMs?: number;
  /** A fifth of the TTL unless told. */
  readonly heartbeatIntervalMs?: number;
  /** How long a canceled task may take to end; the service's own 30 s unless told. */
  readonly cancelLimitMs?: number;
  /** Settings of every service, over all others; for example OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settings of single services, by the member's name, over all others. */
  readonly memberEnv?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Supervisors that reach the run-store over a line that the test may break; see `line`. */
  readonly parted?: readonly string[];
  /** Added to PostgreSQL's environment. */
  readonly postgresEnv?: Readonly<Record<string, string>>;
}

/** A whole cluster of a test's own, with verbs to break it. Members are named "postgres", "nats", "run-store", "queue", "scheduler", "supervisor", "queue-2" ... */
export interface TestCluster extends AsyncDisposable {
  /** For configure(): where clients connect. */
  readonly url: string;
  /** Where the urls of wait tokens lead: "http://127.0.0.1:port" of the first run-store. */
  readonly httpUrl: string;
  /** Where browsers go: "http://127.0.0.1:port" of the first dashboard; undefined when there is none. */
  readonly dashboardUrl: string | undefined;
  /** For connectToPostgres() in another process. */
  readonly databaseUrl: string;
  /** For configure(): of the development environment. */
  readonly apiKey: string;
  readonly secrets: Secrets;
  /** Its folder: data, logs, records. */
  readonly home: string;
  member(name: string): ClusterMember;
  start(name: string): Promise<void>;
  /** SIGTERM and wait for the drained exit. */
  stop(name: string): Promise<void>;
  /** kill -9 and wait until it is gone. */
  kill(name: string): Promise<void>;
  /** SIGSTOP: it is alive, holds its connections, and does nothing. */
  freeze(name: string): void;
  /** SIGCONT. */
  thaw(name: string): void;
  /** Stop, then start. */
  restart(name: string): Promise<void>;
  /** Between the run-store and a supervisor named in `parted`. */
  line(name: string): BreakableLine;
  /** The worker processes of a supervisor. */
  workerPids(supervisor?: string): number[];
  /** kill -9 of one worker process; waits until there is one to kill. Resolves with its id. */
  killWorker(supervisor?: string): Promise<number>;
  /** Typed clients with this API key (the development environment's unless told), closed with the cluster. */
  client(apiKey?: string): Clients;
  /** Bundles a task folder and makes it the development environment's current version. */
  deploy(directory: string): ReturnType<typeof deploy>;
  /** The cluster's database; connects anew after a restart of PostgreSQL. */
  readonly database: Postgres;
  /** Everything above, stopped and removed. @throws when a process of the cluster is left; it is killed first. */
  end(): Promise<void>;
}

const leftoverLimitMs = 10_000;
const running = new Set<TestCluster>();

/** Starts a cluster and waits until every service serves. It is ended at the latest with its test file; see end-clusters.ts. */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const scratch = createScratchDirectory();
  const paths = localPaths(scratch.path);
  const secrets = generateSecrets();
  const ttlMs = options.supervisorTtlMs ?? 3_000;
  await copyPostgresTemplate(paths.postgres, postgresTemplates);
  const lines = new Map<string, BreakableLine>();
  for (const name of options.parted ?? []) lines.set(name, await startBreakableLine(() => cluster.address));
  const lineEnv = (name: string): Record<string, string> => {
    const line = lines.get(name);
    return line === undefined ? {} : { WINDLASS_RUN_STORE_ADDRESS: line.address };
  };
  const named = [...lines.keys(), ...Object.keys(options.memberEnv ?? {})];
  const cluster = await createCluster({
    paths,
    secrets,
    ports: "private",
    instances: { dashboard: 0, ...options.instances },
    postgresEnv: options.postgresEnv,
    env: {
      WINDLASS_WORKERS: String(options.workers ?? 2),
      WINDLASS_SUPERVISOR_TTL_MS: String(ttlMs),
      WINDLASS_HEARTBEAT_INTERVAL_MS: String(options.heartbeatIntervalMs ?? Math.floor(ttlMs / 5)),
      ...(options.cancelLimitMs !== undefined && { WINDLASS_CANCEL_LIMIT_MS: String(options.cancelLimitMs) }),
      ...options.env,
    },
    memberEnv: Object.fromEntries(named.map((name) => [name, { ...lineEnv(name), ...options.memberEnv?.[name] }])),
  });
  const members = new Map([cluster.postgres, cluster.nats, ...cluster.services].map((member) => [member.name, member]));
  const member = (name: string): ClusterMember => {
    const found = members.get(name);
    if (found === undefined)
      throw new Error(`there is no member "${name}"; there are ${[...members.keys()].join(", ")}`);
    return found;
  };
  const clients: Clients[] = [];
  let database: Postgres | undefined;

  const testCluster: TestCluster = {
    url: cluster.address,
    httpUrl: `http://${cluster.httpAddress}`,
    dashboardUrl: cluster.dashboardAddress === undefined ? undefined : `http://${cluster.dashboardAddress}`,
    get databaseUrl() {
      return cluster.postgres.url;
    },
    apiKey: secrets.apiKey,
    secrets,
    home: scratch.path,
    member,
    start: (name) => member(name).start(),
    async stop(name) {
      await member(name).stop();
    },
    async kill(name) {
      const child = member(name).process;
      child?.signal("SIGKILL");
      await child?.exited;
    },
    freeze: (name) => member(name).process?.signal("SIGSTOP"),
    thaw: (name) => member(name).process?.signal("SIGCONT"),
    async restart(name) {
      await member(name).stop();
      await member(name).start();
    },
    line(name) {
      const line = lines.get(name);
      if (line === undefined) throw new Error(`"${name}" is not among the members that the cluster was told to part`);
      return line;
    },
    workerPids(supervisor = "supervisor") {
      const child = member(supervisor).process;
      return child === undefined ? [] : descendants(child.pid).map(({ pid }) => pid);
    },
    async killWorker(supervisor) {
      const pid = await waitFor("a worker process", () => testCluster.workerPids(supervisor)[0]);
      sendSignal(pid, "SIGKILL");
      return pid;
    },
    client(apiKey = secrets.apiKey) {
      const made = connectClients(cluster.address, apiKey);
      clients.push(made);
      return made;
    },
    deploy: (directory) => deploy(directory, { url: cluster.address, apiKey: secrets.apiKey }),
    get database() {
      if (database === undefined) throw new Error("the cluster has ended");
      return database;
    },
    async end() {
      if (!running.delete(testCluster)) return;
      for (const made of clients) made.close();
      await database?.stop();
      database = undefined;
      await cluster.stop();
      for (const line of lines.values()) await line[Symbol.asyncDispose]();
      const left = await endLeftProcesses(scratch.path);
      scratch.remove();
      if (left.length > 0) throw new Error(`processes were left by a cluster: ${left.join("; ")}`);
    },
    [Symbol.asyncDispose]: () => testCluster.end(),
  };
  running.add(testCluster);
  try {
    await cluster.start();
    database = await connectToPostgres(cluster.postgres.url);
  } catch (error) {
    await testCluster.end();
    throw error;
  }
  return testCluster;
}

/** Ends every cluster that a test left running. */
export async function endAllClusters(): Promise<void> {
  await Promise.all([...running].map((cluster) => cluster.end()));
}

/** What a cluster's services started (workers) ends by itself when they are gone; what does not in time is killed and named. */
async function endLeftProcesses(home: string): Promise<string[]> {
  try {
    await waitFor("no process left", () => processesOf(home).length === 0, leftoverLimitMs);
    return [];
  } catch {
    const left = processesOf(home);
    for (const { pid } of left) sendSignal(pid, "SIGKILL");
    return left.map(({ pid, command }) => `${pid} ${command}`);
  }
}

/** Where a member of the cluster writes its log. */
export function logFileOf(cluster: TestCluster, name: string): string {
  return path.join(cluster.home, "logs", `${name}.log`);
}

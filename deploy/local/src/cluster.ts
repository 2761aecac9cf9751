import { mkdirSync } from "node:fs";
import path from "node:path";
import type { ClusterMember } from "./cluster-member.ts";
import { endLeftovers } from "./leftovers.ts";
import type { LocalPaths } from "./local-paths.ts";
import { describeExit } from "./managed-process.ts";
import type { MemberPlace } from "./member-place.ts";
import { createNatsMember } from "./nats-server.ts";
import { choosePort, choosePrivatePort, defaultPorts } from "./ports.ts";
import { createPostgresMember, type PostgresMember } from "./postgres-server.ts";
import type { Secrets } from "./secrets.ts";
import { createServiceMember, serviceNames, type ServiceMember, type ServiceName } from "./service-process.ts";

/** What cluster to describe. */
export interface ClusterOptions {
  readonly paths: LocalPaths;
  readonly secrets: Secrets;
  /** "default": 7070 and following, where free. "private": ports that nobody else is likely to choose, for tests. */
  readonly ports: "default" | "private";
  /** How many of each service; one unless told. */
  readonly instances?: Partial<Record<ServiceName, number>> | undefined;
  /** Settings of every service, over the ones below. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Settings of single services, by the member's name, over all others. */
  readonly memberEnv?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  /** Settings of PostgreSQL, over the ones in postgres-server.ts. */
  readonly postgresSettings?: Readonly<Record<string, string>> | undefined;
  /** Added to PostgreSQL's environment. */
  readonly postgresEnv?: Readonly<Record<string, string>> | undefined;
  /** Hears of steps that take long. */
  readonly onProgress?: ((step: string) => void) | undefined;
}

/** All processes of a cluster, on loopback. */
export interface Cluster {
  /** Where clients connect: the first run-store. */
  readonly address: string;
  /** Where the first run-store answers HTTP, "127.0.0.1:port". */
  readonly httpAddress: string;
  /** Where the first dashboard serves browsers, "127.0.0.1:port"; undefined when there is none. */
  readonly dashboardAddress: string | undefined;
  readonly postgres: PostgresMember;
  readonly nats: ClusterMember;
  /** In start order. */
  readonly services: readonly ServiceMember[];
  /** Ends what an earlier start of this folder left, then starts everything. When one cannot start, everything is stopped again, and its reason is thrown. */
  start(onReady?: (member: ClusterMember, durationMs: number) => void): Promise<void>;
  /** Stops everything in the opposite order; safe at any moment and more than once. */
  stop(): Promise<void>;
  /** Resolves with one line when a process ends although nobody stopped the cluster. Call it after start. */
  broken(): Promise<string>;
}

/** Chooses the ports and describes the members; nothing is started. */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const { httpAddress, dashboardAddress, postgres, nats, services } = await describeMembers(options);
  let stopping = false;
  let starting: Promise<void> = Promise.resolve();

  async function startAll(onReady: ReadyListener): Promise<void> {
    await endLeftovers(options.paths.records);
    await startTogether([postgres, nats], onReady);
    if (stopping) throw new Error("stopped while it was starting");
    await startTogether(services, onReady);
  }

  async function stopAll(): Promise<void> {
    for (const service of serviceNames.toReversed()) {
      await Promise.all(services.filter((member) => member.service === service).map((member) => member.stop()));
    }
    await Promise.all([nats.stop(), postgres.stop()]);
  }

  return {
    address: addressOf(services, "run-store"),
    httpAddress,
    dashboardAddress,
    postgres,
    nats,
    services,
    async start(onReady = () => undefined) {
      stopping = false;
      const { home, logs, records, nats: natsFiles } = options.paths;
      for (const directory of [home, logs, records, natsFiles]) mkdirSync(directory, { recursive: true });
      starting = startAll(onReady);
      try {
        await starting;
      } catch (error) {
        await stopAll();
        throw error;
      }
    },
    async stop() {
      stopping = true;
      await stopAll(); // a start that is under way fails by this, and may have launched something meanwhile
      await Promise.allSettled([starting]);
      await stopAll();
    },
    broken() {
      return new Promise((resolve) => {
        for (const { process } of [postgres, nats, ...services]) {
          void process?.exited.then((exit) => {
            if (!stopping) resolve(describeExit(process.name, exit, process.logFile));
          });
        }
      });
    },
  };
}

type ReadyListener = (member: ClusterMember, durationMs: number) => void;

/** Starts members at the same time. When one fails, the others are stopped before its reason is thrown. */
async function startTogether(members: readonly ClusterMember[], onReady: ReadyListener): Promise<void> {
  const starts = members.map(async (member) => {
    const began = performance.now();
    await member.start();
    onReady(member, performance.now() - began);
  });
  try {
    await Promise.all(starts);
  } catch (error) {
    await Promise.all(members.map((member) => member.stop()));
    await Promise.allSettled(starts);
    throw error;
  }
}

/** Services that also answer HTTP. */
const httpPorts: Partial<Record<ServiceName, keyof typeof defaultPorts>> = { "run-store": "http", dashboard: "pages" };

type Members = Pick<Cluster, "httpAddress" | "dashboardAddress" | "postgres" | "nats" | "services">;

async function describeMembers(options: ClusterOptions): Promise<Members> {
  const { paths, secrets } = options;
  const taken = new Set<number>();
  const port = (kind: keyof typeof defaultPorts): Promise<number> =>
    options.ports === "default" ? choosePort(defaultPorts[kind], taken) : choosePrivatePort(taken);
  const place = async (
    name: string,
    kind: keyof typeof defaultPorts,
    env: () => Record<string, string>,
  ): Promise<MemberPlace> => ({
    name,
    port: await port(kind),
    logDirectory: paths.logs,
    recordDirectory: paths.records,
    env: () => ({ WINDLASS_HOME: paths.home, ...env() }),
  });

  const postgresPlace = await place("postgres", "postgres", () => ({ ...options.postgresEnv }));
  const postgres = createPostgresMember({
    ...postgresPlace,
    directory: paths.postgres,
    settings: options.postgresSettings,
  });
  const natsPlace = await place("nats", "nats", () => ({}));
  const nats = createNatsMember({
    ...natsPlace,
    directory: paths.nats,
    toolsDirectory: paths.tools,
    onProgress: options.onProgress,
  });

  const services: ServiceMember[] = [];
  const httpAddresses = new Map<ServiceName, string>();
  for (const service of serviceNames) {
    for (let index = 1; index <= (options.instances?.[service] ?? 1); index++) {
      const name = index === 1 ? service : `${service}-${index}`;
      const httpPort = httpPorts[service];
      const http = httpPort === undefined ? undefined : `127.0.0.1:${await port(httpPort)}`;
      if (index === 1 && http !== undefined) httpAddresses.set(service, http);
      const env = (): Record<string, string> => ({
        WINDLASS_INTERNAL_TOKEN: secrets.internalToken,
        NODE_COMPILE_CACHE: paths.compileCache,
        ...(http !== undefined && { WINDLASS_HTTP_LISTEN: http }),
        ...serviceEnv(service, name),
        ...options.env,
        ...options.memberEnv?.[name],
      });
      services.push(createServiceMember(service, await place(name, service, env)));
    }
  }
  return {
    httpAddress: httpAddresses.get("run-store") ?? "",
    dashboardAddress: httpAddresses.get("dashboard"),
    postgres,
    nats,
    services,
  };

  function serviceEnv(service: ServiceName, name: string): Record<string, string> {
    const runStore = addressOf(services, "run-store");
    switch (service) {
      case "run-store":
        return {
          DATABASE_URL: postgres.url,
          NATS_URL: `nats://${nats.address}`,
          WINDLASS_ADMIN_TOKEN: secrets.adminToken,
          WINDLASS_SECRETS_KEYS: secrets.secretsKey,
          WINDLASS_BOOTSTRAP_ENVIRONMENT: "dev:development:local",
          WINDLASS_BOOTSTRAP_API_KEY: secrets.apiKey,
        };
      case "queue":
      case "scheduler":
      case "dashboard":
        return { WINDLASS_RUN_STORE_ADDRESS: runStore };
      case "supervisor":
        return {
          WINDLASS_RUN_STORE_ADDRESS: runStore,
          WINDLASS_QUEUE_ADDRESS: addressesOf(services, "queue").join(","),
          WINDLASS_DATA_DIR: path.join(paths.home, name),
        };
    }
  }
}

/** Every instance's, in order. */
function addressesOf(services: readonly ServiceMember[], service: ServiceName): string[] {
  return services.filter((member) => member.service === service).map(({ address }) => address);
}

/** The first instance's. */
function addressOf(services: readonly ServiceMember[], service: ServiceName): string {
  return addressesOf(services, service)[0] ?? "";
}

import {
  type Clock,
  createGrpcServer,
  createHttpServer,
  createLogger,
  createPostgres,
  type Postgres,
  startTelemetry,
  systemClock,
} from "@windlass/chassis";
import {
  BatchService,
  DeploymentService,
  EnvironmentService,
  EnvironmentType,
  ExecutionService,
  QueueService,
  RunService,
  ScheduleService,
  SupervisorService,
  TaskService,
  WaitpointService,
} from "@windlass/proto";
import { type Client, type ClientChannel, createChannel, createClient } from "@windlass/proto/grpc";
import { createStoreDatabase } from "../../../../test/kit/test-database.ts";
import { createApiKeyLookup } from "../auth/api-key-lookup.ts";
import { createAuthenticator } from "../auth/authenticator.ts";
import { createEnvironmentLookup } from "../auth/environment-lookup.ts";
import { guardStreams } from "../auth/guard-streams.ts";
import { createPublicAccess } from "../auth/public-access.ts";
import { createFeed, type Feed } from "../feed/feed.ts";
import { createBatchService } from "../handlers/batch-service.ts";
import { createCompleteTokenRoute } from "../handlers/complete-token-route.ts";
import { createDeploymentService } from "../handlers/deployment-service.ts";
import { createEnvironmentService } from "../handlers/environment-service.ts";
import { createGetBundle } from "../handlers/get-bundle.ts";
import { createGetVariables } from "../handlers/get-variables.ts";
import { createQueueService } from "../handlers/queue-service.ts";
import { createRunService } from "../handlers/run-service.ts";
import { createScheduleService } from "../handlers/schedule-service.ts";
import { createSupervisorService } from "../handlers/supervisor-service.ts";
import { createTaskService } from "../handlers/task-service.ts";
import { createWaitpointService } from "../handlers/waitpoint-service.ts";
import { createHotPath } from "../hot-path.ts";
import { NO_OUTBOX } from "../outbox/outbox-publisher.ts";
import { createQueueStates } from "../queues/queue-states.ts";
import { createRunEndReader } from "../runs/run-end-reader.ts";
import { createTimelineReader } from "../runs/watch-run.ts";
import { findApiKey } from "../store/find-api-key.ts";
import { findSigningKey } from "../store/find-signing-key.ts";
import { selectEnvironment } from "../store/select-environment.ts";
import { createTokenAnnouncer, type TokenAnnouncer } from "../tokens/announce-tokens.ts";
import { publicHttpUrl } from "../tokens/public-http-url.ts";
import { NO_TOKEN_HINTS } from "../tokens/token-hints.ts";
import { createTokenReader } from "../tokens/token-reader.ts";
import { createSecretsKeyring } from "../variables/secrets-keyring.ts";
import { STEADY_DATABASE_CLOCK } from "./steady-database-clock.ts";

export const ADMIN_TOKEN = "admin-token-for-tests";
export const INTERNAL_TOKEN = "internal-token-for-tests";
export const SECRETS_KEY: string = Buffer.alloc(32, "key for tests").toString("base64");

/** The public API as one credential sees it. */
export interface TestClients {
  readonly environments: Client<typeof EnvironmentService>;
  readonly deployments: Client<typeof DeploymentService>;
  readonly runs: Client<typeof RunService>;
  readonly tasks: Client<typeof TaskService>;
  readonly queues: Client<typeof QueueService>;
  readonly tokens: Client<typeof WaitpointService>;
  readonly execution: Client<typeof ExecutionService>;
  readonly schedules: Client<typeof ScheduleService>;
  readonly batches: Client<typeof BatchService>;
  readonly supervisors: Client<typeof SupervisorService>;
}

/** An environment of a test's own. */
export interface TestEnvironment extends TestClients {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
}

/** The handlers of this service's reading half, on a real database and a real connection. */
export interface StoreServer {
  readonly postgres: Postgres;
  readonly feed: Feed;
  readonly address: string;
  /** What ApplyDue works with. */
  readonly announceTokens: TokenAnnouncer;
  /** Environments whose waiting runs were to be promoted, in order. */
  readonly promoted: string[];
  connect(token: string | undefined): TestClients;
  createEnvironment(): Promise<TestEnvironment>;
  stop(): Promise<void>;
}

/** Starts a server on a database of its own. `clock` is what the service goes by, not the connection. */
export async function startStoreServer({ clock = systemClock }: { readonly clock?: Clock } = {}): Promise<StoreServer> {
  const database = await createStoreDatabase();
  const logger = createLogger({ service: "test", level: "error" });
  const telemetry = startTelemetry({ service: "test", logger });
  const postgres = createPostgres({ url: database.url, maxConnections: 8, logger, telemetry, applicationName: "test" });
  await postgres.start();

  const feed = createFeed();
  const promoted: string[] = [];
  const hotPath = createHotPath({
    postgres,
    feed,
    outbox: NO_OUTBOX,
    telemetry,
    clock,
    databaseClock: STEADY_DATABASE_CLOCK,
    logger,
    random: () => 0,
  });
  const { variablesRevisions, queueNews } = hotPath.parts;
  const keyring = createSecretsKeyring([SECRETS_KEY]);
  const queueStates = createQueueStates({ db: postgres, token: INTERNAL_TOKEN, logger });
  const apiKeys = createApiKeyLookup({ find: (hash) => findApiKey(postgres, hash), clock });
  const environments = createEnvironmentLookup({
    find: async (environmentId) => (await selectEnvironment(postgres, environmentId)) !== undefined,
    clock,
  });
  const publicAccess = createPublicAccess({ findKeyHash: (key) => findSigningKey(postgres, key), apiKeys, clock });
  const authenticator = createAuthenticator({
    apiKeys,
    environments,
    publicAccess,
    internalToken: INTERNAL_TOKEN,
    adminToken: ADMIN_TOKEN,
  });
  const server = createGrpcServer({
    address: "127.0.0.1:0",
    logger,
    telemetry,
    authenticate: authenticator.authenticate,
  });
  const guard = { authenticator, clock };
  server.add(
    EnvironmentService,
    createEnvironmentService({ postgres, clock, apiKeys, keyring, variablesRevisions, queueNews }),
  );
  server.add(
    DeploymentService,
    guardStreams(
      DeploymentService,
      createDeploymentService({
        postgres,
        clock,
        feed,
        logger,
        queueNews,
        promotePendingRuns: (environmentId) => {
          promoted.push(environmentId);
          return Promise.resolve();
        },
      }),
      guard,
    ),
  );
  server.add(
    RunService,
    guardStreams(
      RunService,
      createRunService({
        ...hotPath.parts,
        db: postgres,
        queueStates,
        clock,
        reader: createRunEndReader(postgres),
        timelines: createTimelineReader(postgres),
      }),
      guard,
    ),
  );
  server.add(QueueService, createQueueService({ db: postgres, queueNews, queueStates }));
  server.add(TaskService, guardStreams(TaskService, createTaskService({ ...hotPath.parts, clock }), guard));
  const announceTokens = createTokenAnnouncer(feed, NO_TOKEN_HINTS);
  const http = createHttpServer({
    address: "127.0.0.1:0",
    routes: [createCompleteTokenRoute({ db: postgres, announceTokens })],
    logger,
    telemetry,
  });
  const tokens = {
    db: postgres,
    feed,
    clock,
    announceTokens,
    reader: createTokenReader(postgres),
    httpUrl: () => publicHttpUrl(undefined, http.address),
  };
  server.add(WaitpointService, guardStreams(WaitpointService, createWaitpointService(tokens), guard));
  server.add(ScheduleService, guardStreams(ScheduleService, createScheduleService({ postgres, feed, clock }), guard));
  server.add(BatchService, guardStreams(BatchService, createBatchService({ postgres }), guard));
  server.add(SupervisorService, createSupervisorService({ db: postgres }));
  server.add(ExecutionService, {
    getBundle: createGetBundle(postgres),
    getVariables: createGetVariables({ db: postgres, keyring }),
    reportExecution: () => {
      throw new Error("not part of these tests");
    },
  });
  await http.start();
  await server.start();

  const channels: ClientChannel[] = [];
  const connect = (token: string | undefined): TestClients => {
    const channel = createChannel(server.address, token === undefined ? {} : { token });
    channels.push(channel);
    return {
      environments: createClient(EnvironmentService, channel),
      deployments: createClient(DeploymentService, channel),
      runs: createClient(RunService, channel),
      tasks: createClient(TaskService, channel),
      queues: createClient(QueueService, channel),
      tokens: createClient(WaitpointService, channel),
      execution: createClient(ExecutionService, channel),
      schedules: createClient(ScheduleService, channel),
      batches: createClient(BatchService, channel),
      supervisors: createClient(SupervisorService, channel),
    };
  };
  let environmentCount = 0;
  return {
    postgres,
    feed,
    address: server.address,
    announceTokens,
    promoted,
    connect,
    async createEnvironment() {
      environmentCount += 1;
      const slug = `test-${environmentCount}`;
      const { environment, apiKey } = await connect(ADMIN_TOKEN).environments.createEnvironment({
        slug,
        type: EnvironmentType.DEVELOPMENT,
        project: "proj_test",
      });
      return { ...connect(apiKey), id: environment?.id ?? "", slug, apiKey };
    },
    async stop() {
      for (const channel of channels) channel.close();
      await server.stop();
      await hotPath.stop();
      await queueStates.stop();
      await http.stop();
      await postgres.stop();
      await database.drop();
    },
  };
}

import { fileURLToPath } from "node:url";
import {
  type Component,
  createGrpcServer,
  createHttpServer,
  createLogger,
  createPostgres,
  createService,
  runMigrations,
  type Service,
  startTelemetry,
  systemClock,
} from "@windlass/chassis";
import {
  BatchService,
  DeploymentService,
  DueService,
  EnvironmentService,
  ExecutionService,
  QueueService,
  RunQueueService,
  RunService,
  ScheduleService,
  SupervisorService,
  TaskService,
  WaitpointService,
} from "@windlass/proto";
import { createApiKeyLookup } from "./auth/api-key-lookup.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { createEnvironmentLookup } from "./auth/environment-lookup.ts";
import { guardStreams } from "./auth/guard-streams.ts";
import { createPublicAccess } from "./auth/public-access.ts";
import type { RunStoreConfig } from "./config.ts";
import { bootstrapEnvironment } from "./environments/bootstrap-environment.ts";
import { createFeed } from "./feed/feed.ts";
import { createBatchService } from "./handlers/batch-service.ts";
import { createCompleteTokenRoute } from "./handlers/complete-token-route.ts";
import { createDatabaseClock } from "./due/database-clock.ts";
import { createDueLookLoop } from "./due/due-look-loop.ts";
import { createDeploymentService } from "./handlers/deployment-service.ts";
import { createDueService } from "./handlers/due-service.ts";
import { createEnvironmentService } from "./handlers/environment-service.ts";
import { createGetBundle } from "./handlers/get-bundle.ts";
import { createGetVariables } from "./handlers/get-variables.ts";
import { createQueueService } from "./handlers/queue-service.ts";
import { createReportExecution } from "./handlers/report-execution.ts";
import { createRunQueueService } from "./handlers/run-queue-service.ts";
import { createRunService } from "./handlers/run-service.ts";
import { createScheduleService } from "./handlers/schedule-service.ts";
import { createSupervisorService } from "./handlers/supervisor-service.ts";
import { createTaskService } from "./handlers/task-service.ts";
import { createWaitpointService } from "./handlers/waitpoint-service.ts";
import { createHotPath } from "./hot-path.ts";
import { createNatsParts } from "./outbox/nats-parts.ts";
import { createPartitionLoop } from "./partition-loop.ts";
import { createQueueStates } from "./queues/queue-states.ts";
import { createRemovalLoops } from "./removal-loops.ts";
import { createPendingVersionLoop } from "./runs/pending-version-loop.ts";
import { createRunEndReader } from "./runs/run-end-reader.ts";
import { createUnfinishedCancelLoop } from "./runs/unfinished-cancel-loop.ts";
import { createTimelineReader } from "./runs/watch-run.ts";
import { connectionUrl } from "./store/connection-url.ts";
import { findApiKey } from "./store/find-api-key.ts";
import { findSigningKey } from "./store/find-signing-key.ts";
import { selectEnvironment } from "./store/select-environment.ts";
import { createTokenAnnouncer } from "./tokens/announce-tokens.ts";
import { publicHttpUrl } from "./tokens/public-http-url.ts";
import { createTokenReader } from "./tokens/token-reader.ts";
import { sealStoredVariables } from "./variables/seal-stored-variables.ts";
import { createSecretsKeyring } from "./variables/secrets-keyring.ts";

const MIGRATIONS = fileURLToPath(new URL("../migrations", import.meta.url));
/** Of the advisory lock under which replicas migrate, one at a time: "windlass" in ASCII. */
const MIGRATION_LOCK = 0x77696e646c617373n;
/** Two batches of each of three kinds, and the rest for what people and other services ask. */
const MAX_CONNECTIONS = 16;

/** A run-store, and where it is reached once it has started. */
export interface RunStore extends Service {
  readonly address: string;
  readonly httpAddress: string;
}

/** Puts the run-store together. Nothing runs before start. */
export function createRunStore(config: RunStoreConfig): RunStore {
  const { WINDLASS_LOG_LEVEL: level, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config;
  const clock = systemClock;
  const logger = createLogger({ service: "run-store", level });
  const telemetry = startTelemetry({ service: "run-store", endpoint, logger });
  const postgres = createPostgres({
    url: connectionUrl(config.DATABASE_URL),
    maxConnections: MAX_CONNECTIONS,
    applicationName: "windlass-run-store",
    logger,
    telemetry,
  });
  const reader = createRunEndReader(postgres);
  const base = { postgres, db: postgres, feed: createFeed(), reader, clock, logger, telemetry, random: Math.random };
  const { outbox, tokenHints, queueHints, components: natsComponents } = createNatsParts(config.NATS_URL ?? [], base);
  const databaseClock = createDatabaseClock(base);
  const hotPath = createHotPath({ ...base, outbox, queueHints, databaseClock });
  const announceTokens = createTokenAnnouncer(base.feed, tokenHints);
  const queueStates = createQueueStates({ ...base, token: config.WINDLASS_INTERNAL_TOKEN });
  const parts = { ...base, ...hotPath.parts, announceTokens, queueStates };

  const keyring = createSecretsKeyring(config.WINDLASS_SECRETS_KEYS);
  const apiKeys = createApiKeyLookup({ find: (hash) => findApiKey(postgres, hash), clock });
  const { WINDLASS_INTERNAL_TOKEN: internalToken, WINDLASS_ADMIN_TOKEN: adminToken } = config;
  const environments = createEnvironmentLookup({
    find: async (environmentId) => (await selectEnvironment(postgres, environmentId)) !== undefined,
    clock,
  });
  const publicAccess = createPublicAccess({ findKeyHash: (key) => findSigningKey(postgres, key), apiKeys, clock });
  const authenticator = createAuthenticator({ apiKeys, environments, publicAccess, internalToken, adminToken });
  const { authenticate } = authenticator;
  const guard = { authenticator, clock };
  const server = createGrpcServer({ address: config.WINDLASS_LISTEN, logger, telemetry, authenticate });
  server.add(TaskService, guardStreams(TaskService, createTaskService(parts), guard));
  server.add(
    RunService,
    guardStreams(RunService, createRunService({ ...parts, timelines: createTimelineReader(postgres) }), guard),
  );
  const http = createHttpServer({
    address: config.WINDLASS_HTTP_LISTEN,
    routes: [createCompleteTokenRoute(parts)],
    logger,
    telemetry,
  });
  const tokens = {
    ...parts,
    reader: createTokenReader(postgres),
    httpUrl: () => publicHttpUrl(config.WINDLASS_PUBLIC_HTTP_URL, http.address),
  };
  server.add(WaitpointService, guardStreams(WaitpointService, createWaitpointService(tokens), guard));
  server.add(DeploymentService, guardStreams(DeploymentService, createDeploymentService(parts), guard));
  server.add(EnvironmentService, createEnvironmentService({ ...parts, apiKeys, keyring }));
  server.add(QueueService, createQueueService(parts));
  server.add(RunQueueService, createRunQueueService(parts));
  server.add(ScheduleService, guardStreams(ScheduleService, createScheduleService(parts), guard));
  server.add(BatchService, guardStreams(BatchService, createBatchService(parts), guard));
  server.add(SupervisorService, createSupervisorService(parts));
  server.add(DueService, createDueService(parts));
  server.add(ExecutionService, {
    getBundle: createGetBundle(postgres),
    getVariables: createGetVariables({ db: postgres, keyring }),
    reportExecution: createReportExecution(parts),
  });

  const schema: Component = {
    name: "schema",
    start: async () => {
      await runMigrations(postgres, MIGRATIONS, MIGRATION_LOCK);
      await sealStoredVariables({ postgres, keyring, logger });
      if (config.bootstrap !== undefined) await bootstrapEnvironment(base, config.bootstrap);
    },
    stop: () => Promise.resolve(),
  };
  const loops = [
    createDueLookLoop(parts),
    createPartitionLoop(base),
    createPendingVersionLoop(parts),
    createUnfinishedCancelLoop(parts),
    ...createRemovalLoops(base),
  ];
  const components = [telemetry, postgres, schema, ...natsComponents, queueStates, ...loops, hotPath, http, server];
  const service = createService("run-store", components, {
    logger,
    drainTimeoutMs: config.WINDLASS_DRAIN_TIMEOUT_MS,
  });
  return {
    ...service,
    get address() {
      return server.address;
    },
    get httpAddress() {
      return http.address;
    },
  };
}

import { TaskService } from "@windlass/proto";
import {
  type Authenticate,
  createGrpcServer,
  createServiceClient,
  type GrpcServer,
  internalAuthenticator,
  type ServiceCall,
  type ServiceClient,
  startTelemetry,
  type Telemetry,
} from "@windlass/chassis";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { collectLogs } from "./collected-logs.ts";

export const internalToken = "internal-token-of-tests";

type Tasks = ServiceImplementation<typeof TaskService, ServiceCall>;

export interface GrpcServerSetUp {
  readonly implementation?: Partial<Tasks>;
  readonly authenticate?: Authenticate;
  readonly telemetry?: Telemetry;
  readonly address?: string;
  readonly maxMessageBytes?: number;
}

/** A server with TaskService, which answers with the task's id, and what a test needs to talk to it. */
export interface StartedGrpcServer {
  readonly server: GrpcServer;
  readonly logs: ReturnType<typeof collectLogs>;
  readonly connect: (token?: string) => ServiceClient<typeof TaskService>;
  readonly stop: () => Promise<void>;
}

export async function startGrpcServer(setUp: GrpcServerSetUp = {}): Promise<StartedGrpcServer> {
  const logs = collectLogs();
  const telemetry = setUp.telemetry ?? startTelemetry({ service: "test", logger: logs.logger });
  const server = createGrpcServer({
    address: setUp.address ?? "127.0.0.1:0",
    logger: logs.logger,
    telemetry,
    authenticate: setUp.authenticate ?? internalAuthenticator(internalToken),
    ...(setUp.maxMessageBytes === undefined ? {} : { maxMessageBytes: setUp.maxMessageBytes }),
  });
  server.add(TaskService, {
    triggerTask: ({ trigger }) => Promise.resolve({ run: { runId: trigger?.taskId ?? "" } }),
    resetIdempotencyKey: () => Promise.resolve({}),
    async *triggerTasks(requests) {
      for await (const { correlationId } of requests) yield { correlationId };
    },
    ...setUp.implementation,
  });
  await server.start();
  const clients: ServiceClient<typeof TaskService>[] = [];
  return {
    server,
    logs,
    connect: (token = internalToken) => {
      const client = createServiceClient(TaskService, { address: server.address, token, telemetry });
      clients.push(client);
      return client;
    },
    stop: async () => {
      for (const client of clients) client.close();
      await server.stop();
    },
  };
}

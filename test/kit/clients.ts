import {
  BatchService,
  DeploymentService,
  EnvironmentService,
  QueueService,
  RunService,
  ScheduleService,
  TaskService,
  WaitpointService,
} from "@windlass/proto";
import { createChannel, createClient, type Client } from "@windlass/proto/grpc";

/** The public API, call by call, without the SDK. */
export interface Clients {
  readonly tasks: Client<typeof TaskService>;
  readonly runs: Client<typeof RunService>;
  readonly deployments: Client<typeof DeploymentService>;
  readonly environments: Client<typeof EnvironmentService>;
  readonly waitpoints: Client<typeof WaitpointService>;
  readonly queues: Client<typeof QueueService>;
  readonly schedules: Client<typeof ScheduleService>;
  readonly batches: Client<typeof BatchService>;
  close(): void;
}

/** Connects with a credential: an API key, or the admin token for making environments. */
export function connectClients(address: string, token: string): Clients {
  const channel = createChannel(address, { token });
  return {
    tasks: createClient(TaskService, channel),
    runs: createClient(RunService, channel),
    deployments: createClient(DeploymentService, channel),
    environments: createClient(EnvironmentService, channel),
    waitpoints: createClient(WaitpointService, channel),
    queues: createClient(QueueService, channel),
    schedules: createClient(ScheduleService, channel),
    batches: createClient(BatchService, channel),
    close: () => channel.close(),
  };
}

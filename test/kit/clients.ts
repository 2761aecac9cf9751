import { DeploymentService, EnvironmentService, RunService, TaskService, WaitpointService } from "@windlass/proto";
import { createChannel, createClient, type Client } from "@windlass/proto/grpc";

/** The public API, call by call, without the SDK. */
export interface Clients {
  readonly tasks: Client<typeof TaskService>;
  readonly runs: Client<typeof RunService>;
  readonly deployments: Client<typeof DeploymentService>;
  readonly environments: Client<typeof EnvironmentService>;
  readonly waitpoints: Client<typeof WaitpointService>;
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
    close: () => channel.close(),
  };
}

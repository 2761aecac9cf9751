import { credentials } from "@grpc/grpc-js";
import { DeploymentService, RunService, TaskService } from "@windlass/proto";
import { type Client, type ClientChannel, createChannel, createClient } from "@windlass/proto/grpc";
import { checkConfig, type ClientConfig, configured, type ResolvedConfig, resolveConfig } from "./client-config.ts";
import { RunAwaiter } from "./run-awaiter.ts";
import { TriggerStream } from "./trigger-stream.ts";

/**
 * A connection to a cluster, and the streams over it. Connects when it is first used. While nothing is unanswered it
 * does not keep the process alive.
 */
export class Connection {
  readonly config: ResolvedConfig;
  readonly runs: Client<typeof RunService>;
  readonly deployments: Client<typeof DeploymentService>;
  readonly triggers: TriggerStream;
  readonly ends: RunAwaiter;
  readonly #channel: ClientChannel;

  constructor(config: ResolvedConfig) {
    this.config = config;
    this.#channel = createChannel(config.address, {
      token: config.apiKey,
      ...(config.useTls ? { credentials: credentials.createSsl() } : {}),
    });
    this.runs = createClient(RunService, this.#channel);
    this.deployments = createClient(DeploymentService, this.#channel);
    this.triggers = new TriggerStream(createClient(TaskService, this.#channel), config.timeoutMs);
    this.ends = new RunAwaiter(this.runs, config.timeoutMs);
  }

  /** Closes once everything is answered that has been asked. */
  async retire(): Promise<void> {
    await Promise.all([this.triggers.none(), this.ends.none()]);
    await this.close();
  }

  /** Fails what is unanswered with CALL_ENDED. Twice is fine. */
  async close(): Promise<void> {
    this.ends.close();
    await this.triggers.close();
    this.#channel.close();
  }
}

let current: { readonly config: ClientConfig; readonly connection: Connection } | undefined;

/** Makes a connection of its own. Whoever makes it closes it. */
export function createConnection(config: ClientConfig): Connection {
  checkConfig(config);
  return new Connection(resolveConfig(config, process.env));
}

/** The connection that `task.trigger`, `runs` and the others use; made when it is first asked for. */
export function defaultConnection(): Connection {
  const { config } = configured;
  if (current?.config !== config) {
    void current?.connection.retire();
    current = { config, connection: createConnection(config) };
  }
  return current.connection;
}

/**
 * Says which cluster to talk to, and as whom; without it the environment does. Calls made earlier are answered by the cluster they went to.
 * Throws a TypeError for an option that does not exist.
 */
export function configure(config: ClientConfig): void {
  checkConfig(config);
  configured.config = { ...config };
}

/**
 * Closes the connection to the cluster and fails what is unanswered. Not needed for the program to end: an idle
 * connection does not keep it alive. A later call connects again.
 */
export async function close(): Promise<void> {
  const closing = current;
  current = undefined;
  await closing?.connection.close();
}

import { credentials } from "@grpc/grpc-js";
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
import { type Client, type ClientChannel, createChannel, createClient } from "@windlass/proto/grpc";
import { activeAttempt } from "../task/active-attempt.ts";
import {
  checkConfig,
  type ClientConfig,
  configured,
  namesCluster,
  type ResolvedConfig,
  resolveConfig,
} from "./client-config.ts";
import { createTokenSigner, type TokenSigner } from "./public-token.ts";
import { RunAwaiter } from "./run-awaiter.ts";
import { TriggerStream } from "./trigger-stream.ts";
import { type WorkerConnection, workerConnection } from "./worker-connection.ts";

/**
 * A connection to a cluster, and the streams over it. Connects when it is first used. While nothing is unanswered it
 * does not keep the process alive.
 */
export class Connection {
  readonly config: ResolvedConfig;
  readonly runs: Client<typeof RunService>;
  readonly waitpoints: Client<typeof WaitpointService>;
  readonly deployments: Client<typeof DeploymentService>;
  readonly tasks: Client<typeof TaskService>;
  readonly queues: Client<typeof QueueService>;
  readonly schedules: Client<typeof ScheduleService>;
  readonly batches: Client<typeof BatchService>;
  readonly environments: Client<typeof EnvironmentService>;
  readonly triggers: TriggerStream;
  readonly ends: RunAwaiter;
  /** Undefined over a worker's connection, which has no API key to sign with. */
  readonly signToken: TokenSigner | undefined;
  readonly #channel: ClientChannel;

  constructor(config: ResolvedConfig) {
    this.config = config;
    this.signToken = createTokenSigner(config.apiKey);
    this.#channel = createChannel(config.address, {
      token: config.apiKey,
      ...(config.useTls ? { credentials: credentials.createSsl() } : {}),
    });
    this.runs = createClient(RunService, this.#channel);
    this.waitpoints = createClient(WaitpointService, this.#channel);
    this.deployments = createClient(DeploymentService, this.#channel);
    this.tasks = createClient(TaskService, this.#channel);
    this.queues = createClient(QueueService, this.#channel);
    this.schedules = createClient(ScheduleService, this.#channel);
    this.batches = createClient(BatchService, this.#channel);
    this.environments = createClient(EnvironmentService, this.#channel);
    this.triggers = new TriggerStream(this.tasks, config.timeoutMs);
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

interface Kept {
  readonly config: ClientConfig;
  readonly worker: WorkerConnection | undefined;
  readonly connection: Connection;
}

/** At most two: to the cluster that runs the task, and to the one that was configured. */
const kept: { worker?: Kept; configured?: Kept } = {};
const NO_CONFIG: ClientConfig = {};

/** Makes a connection of its own. Whoever makes it closes it. */
export function createConnection(config: ClientConfig): Connection {
  checkConfig(config);
  return new Connection(resolveConfig(config, workerConnection.current, process.env));
}

/** The connection that `task.trigger`, `runs` and the others use; made when it is first asked for. */
export function defaultConnection(): Connection {
  const config = currentConfig();
  const worker = workerConnection.current;
  if (worker === undefined || namesCluster(config)) return keep("configured", config, undefined);
  return keep("worker", config, worker);
}

/** The connection to the cluster that runs the attempt, whatever `configure` says. */
export function connectionOfAttempt(): Connection {
  const worker = workerConnection.current;
  if (worker === undefined) return defaultConnection();
  const config = currentConfig();
  return keep("worker", namesCluster(config) ? NO_CONFIG : config, worker);
}

/** The run that what is triggered over the connection belongs to; empty: none, since another cluster would not know it. */
export function parentRunId(connection: Connection): string {
  return connection === kept.worker?.connection ? (activeAttempt.current?.runId ?? "") : "";
}

/** Resolves as soon as every trigger of this program is answered. */
export async function triggersAnswered(): Promise<void> {
  await kept.worker?.connection.triggers.none();
  await kept.configured?.connection.triggers.none();
}

function keep(place: keyof typeof kept, config: ClientConfig, worker: WorkerConnection | undefined): Connection {
  const known = kept[place];
  if (known !== undefined && known.config === config && known.worker === worker) return known.connection;
  void known?.connection.retire();
  const connection = createConnection(config);
  kept[place] = { config, worker, connection };
  return connection;
}

/** What an attempt configures holds for that attempt. */
function currentConfig(): ClientConfig {
  return configOfAttempt()?.config ?? configured.config;
}

function configOfAttempt(): { config: ClientConfig | undefined } | undefined {
  return activeAttempt.current?.state(ATTEMPT_CONFIG, (): { config: ClientConfig | undefined } => ({
    config: undefined,
  }));
}

const ATTEMPT_CONFIG = Symbol.for("windlass.sdk/1/attempt-config");

/**
 * Says which cluster to talk to, and as whom; without it the environment does. Calls made earlier are answered by the cluster they went to. Inside of a
 * run it holds until the attempt ends. Throws a TypeError for an option that does not exist.
 */
export function configure(config: ClientConfig): void {
  checkConfig(config);
  (configOfAttempt() ?? configured).config = { ...config };
}

/**
 * Closes the connections to the cluster and fails what is unanswered. Not needed for the program to end: an idle
 * connection does not keep it alive. A later call connects again.
 */
export async function close(): Promise<void> {
  const closing = [kept.worker, kept.configured];
  delete kept.worker;
  delete kept.configured;
  for (const known of closing) await known?.connection.close();
}

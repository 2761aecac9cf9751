import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import {
  BundleSchema,
  EnvironmentType,
  type Hello,
  type RunSchema,
  type SessionResponseSchema,
  type StartAttemptSchema,
  type SupervisorMessageSchema,
  type WorkerMessage,
  WorkerService,
} from "@windlass/proto";
import { createPushStream, type PushStream, serviceDefinition, serviceHandlers } from "@windlass/proto/grpc";

type Frame = MessageInitShape<typeof SessionResponseSchema>;
type Start = Pick<
  Extract<MessageInitShape<typeof StartAttemptSchema>, { $typeName?: never }>,
  "runId" | "taskId" | "attemptNumber" | "payload" | "traceparent" | "maxDuration"
> & { readonly run?: RunFields };
type RunFields = Extract<MessageInitShape<typeof RunSchema>, { $typeName?: never }>;
type Body = NonNullable<MessageInitShape<typeof SupervisorMessageSchema>["body"]>;
export type SaidBody = WorkerMessage["body"];

const DEADLINE_MS = 20_000;

/** A supervisor for one worker: starts a bundle as a real process, speaks to it over a real unix socket, and remembers what it says. */
export class TestSupervisor {
  readonly #folder: string;
  readonly #server: Server;
  readonly #responses: PushStream<Frame> = createPushStream<Frame>(1_000);
  readonly #child: ChildProcess;
  /** Everything the worker has said, and the frames in which it came. */
  readonly said: SaidBody[] = [];
  readonly frames: SaidBody[][] = [];
  #listeners: (() => void)[] = [];
  #exit: string | undefined;
  output = "";

  static async start(bundleBytes: Uint8Array, env: Record<string, string> = {}): Promise<TestSupervisor> {
    const folder = await mkdtemp(join(tmpdir(), "windlass-worker-"));
    const { files, entryPoint } = fromBinary(BundleSchema, bundleBytes);
    for (const { path, content } of files) {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const server = new Server({ "grpc.max_receive_message_length": 16 * 1024 * 1024 });
    return new TestSupervisor(folder, server, await listen(server, join(folder, "worker.sock")), entryPoint, env);
  }

  private constructor(
    folder: string,
    server: Server,
    address: string,
    entryPoint: string,
    env: Record<string, string>,
  ) {
    this.#folder = folder;
    this.#server = server;
    const receive = (messages: SaidBody[]): void => this.#receive(messages);
    const responses = this.#responses;
    const handlers = serviceHandlers<typeof WorkerService>(
      WorkerService,
      {
        getWorkerConfig: async () => ({}),
        session(requests) {
          void (async () => {
            for await (const { messages } of requests) receive(messages.map(({ body }) => body));
          })().catch(() => {});
          return responses;
        },
      },
      { context: (call) => call, onDefect: (error) => console.error(error) },
    );
    server.addService(serviceDefinition(WorkerService), handlers);
    this.#child = spawn(process.execPath, [join(folder, entryPoint)], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"] ?? "",
        ...env,
        WINDLASS_WORKER_ADDRESS: address,
        WINDLASS_WORKER_TOKEN: randomUUID(),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer): void => {
      this.output += chunk.toString();
      this.#wake();
    };
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
    this.#child.on("close", (code, signal) => {
      this.#exit = signal ?? `exit ${code}`;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  say(...bodies: Body[]): void {
    this.#responses.push({ messages: bodies.map((body) => ({ body })) });
  }

  async hello(): Promise<Hello> {
    return await this.heard("hello");
  }

  /** Starts an attempt; what is not given is what a plain first attempt has. */
  start(start: Start): void {
    const runId = start.runId ?? "run_1";
    this.say({
      case: "startAttempt",
      value: {
        runId,
        attemptNumber: 1,
        ...start,
        run: { id: runId, maxAttempts: 3, queue: "task/x", version: "20260101.1", ...start.run },
        environment: { id: "env_1", slug: "dev", type: EnvironmentType.DEVELOPMENT, project: "proj" },
        deploymentId: "dep_1",
      },
    });
  }

  /** Starts an attempt and waits for its end. */
  async run(start: Start): Promise<Extract<SaidBody, { case: "attemptFinished" }>["value"]> {
    const from = this.said.length;
    this.start(start);
    return await this.heard("attemptFinished", from);
  }

  /** The first message of a kind among those from `from` on, waited for. */
  async heard<K extends SaidBody["case"]>(kind: K, from = 0): Promise<Extract<SaidBody, { case: K }>["value"]> {
    await this.until(() => this.said.slice(from).some((body) => body.case === kind), `the worker says ${kind}`);
    return this.said.slice(from).find((body) => body.case === kind)?.value as never;
  }

  async exited(): Promise<string> {
    await this.until(() => this.#exit !== undefined, "the worker exits", true);
    return this.#exit ?? "";
  }

  async until(condition: () => boolean, what: string, exitIsFine = false): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!condition()) {
      if (this.#exit !== undefined && !exitIsFine)
        throw new Error(`the worker ended (${this.#exit}) before: ${what}\n${this.output}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`not in time: ${what}\n${this.output}`)),
          deadline - Date.now(),
        );
        this.#listeners.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  /** Ends the session as a supervisor that dies does. */
  hangUp(): void {
    this.#server.forceShutdown();
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited();
    this.#server.forceShutdown();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #receive(bodies: SaidBody[]): void {
    this.frames.push(bodies);
    this.said.push(...bodies);
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

async function listen(server: Server, socketPath: string): Promise<string> {
  const address = `unix:${socketPath}`;
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return address;
}

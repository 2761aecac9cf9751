import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { Health } from "@windlass/proto";
import {
  type CallFailure,
  type CallHooks,
  type ClientChannel,
  DEFAULT_MAX_MESSAGE_BYTES,
  type ForwardingOptions,
  forwardingHandlers,
  keepaliveOptions,
  methodPath,
  RunningCalls,
  type ServiceImplementation,
  serviceDefinition,
  serviceHandlers,
} from "@windlass/proto/grpc";
import { notReady } from "../failures/index.ts";
import type { Component } from "../lifecycle/component.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { type CallObserver, createCallObserver } from "./call-observer.ts";
import { createHealth } from "./health.ts";
import type { Authenticate } from "./principal.ts";
import { addReflection } from "./reflection.ts";
import type { ServiceCall } from "./service-call.ts";
import { settlesWithin } from "./settles-within.ts";

export interface GrpcServerOptions {
  /** "host:port", where port 0 takes any free one, or "unix:/path". */
  readonly address: string;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly authenticate: Authenticate;
  /** The largest message in either direction. Default 16 MB. */
  readonly maxMessageBytes?: number;
  /** The most fields of a request, at all depths together; one with more is FIELD_INVALID and not decoded. Default 1,000,000. */
  readonly maxRequestFields?: number;
}

/** Where calls are handed on to. */
export interface ForwardTo extends Pick<ForwardingOptions<ServiceCall>, "metadata" | "signal"> {
  readonly channel: ClientChannel;
  /** A call that was handed on, or refused, is over. */
  readonly onEnd?: (call: ServiceCall) => void;
}

/**
 * A gRPC server with health and reflection. `drain` makes it NOT_SERVING, refuses new calls with NOT_READY, ends request streams so that what was asked is
 * answered, ends what streams are open a second later, and lets unary calls run until its signal aborts. `stop` ends everything with NOT_READY.
 */
export interface GrpcServer extends Component {
  /** Adds a service; before start. */
  add<S extends DescService>(service: S, implementation: ServiceImplementation<S, ServiceCall>): void;
  /** Adds a service that another server has: every call is handed on as it is, with this metadata; before start. */
  forward(service: DescService, to: ForwardTo): void;
  /** Where it listens, with the port it got; the configured address before start. */
  readonly address: string;
  /** Health answers for this name, too, as for the whole server: so that a probe can ask for what the server must be. */
  answerHealthOf(name: string): void;
  /** What health says. True from the end of start; a service that cannot work just now says so here. */
  setServing(isServing: boolean): void;
  drain(signal: AbortSignal): Promise<void>;
}

/** Per connection. A caller beyond it waits in its own process. */
const MAX_CONCURRENT_STREAMS = 1_000;
/** How long streams have, once draining began, to answer what they were asked. Many would stay open for ever. */
const STREAM_DRAIN_MS = 1_000;
/** How long stop waits for handlers to follow their signal, then for connections to close. */
const HANDLER_STOP_MS = 3_000;
const CONNECTION_CLOSE_MS = 500;

const HEALTH_PREFIX = `${Health.typeName}/`;

/** Makes a server. Nothing is bound before start. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  return new ChassisServer(options);
}

class ChassisServer implements GrpcServer {
  readonly name = "grpc-server";
  readonly #logger: Logger;
  readonly #maxMessageBytes: number;
  readonly #maxRequestFields: number | undefined;
  readonly #server: Server;
  readonly #observer: CallObserver;
  readonly #services: DescService[] = [];
  readonly #runningCalls = new RunningCalls();
  readonly #healthNames = new Set<string>();
  readonly #health = createHealth(
    (name) => this.#healthNames.has(name) || this.#services.some(({ typeName }) => typeName === name),
  );
  readonly #admission: Admission;
  #address: string;
  #isDraining = false;
  #stopping: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    this.#logger = options.logger;
    this.#address = options.address;
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.#maxRequestFields = options.maxRequestFields;
    this.#observer = createCallObserver(options.telemetry);
    this.#admission = createAdmission({
      authenticate: options.authenticate,
      isDraining: () => this.#isDraining,
      isOpen: (method) => method.startsWith(HEALTH_PREFIX),
      onDefect: (error, method) => this.#reportDefect(error, method),
    });
    this.#server = new Server({
      interceptors: [this.#admission.interceptor],
      "grpc.max_receive_message_length": this.#maxMessageBytes,
      // The adapter checks what it sends itself, with a typed error.
      "grpc.max_send_message_length": -1,
      "grpc.max_concurrent_streams": MAX_CONCURRENT_STREAMS,
      ...keepaliveOptions(options.address),
      "grpc.enable_channelz": 0,
    });
  }

  get address(): string {
    return this.#address;
  }

  add<S extends DescService>(service: S, implementation: ServiceImplementation<S, ServiceCall>): void {
    const hooks = {
      ...this.#hooksFor(service),
      maxMessageBytes: this.#maxMessageBytes,
      maxRequestFields: this.#maxRequestFields,
    };
    const handlers = serviceHandlers<S, ServiceCall>(service, implementation, hooks);
    this.#services.push(service);
    this.#server.addService(serviceDefinition(service), handlers);
  }

  forward(service: DescService, { onEnd, ...to }: ForwardTo): void {
    this.#services.push(service);
    const hooks = this.#hooksFor(service);
    const onCallEnd = (call: ServiceCall, failure: CallFailure | undefined): void => {
      hooks.onEnd?.(call, failure);
      onEnd?.(call);
    };
    this.#server.addService(
      serviceDefinition(service),
      forwardingHandlers(service, { ...hooks, ...to, onEnd: onCallEnd }),
    );
  }

  #hooksFor(service: DescService): CallHooks<ServiceCall> {
    const unary = new Set(service.methods.filter((method) => method.methodKind === "unary").map(methodName));
    return {
      context: (call) => this.#observer.begin(call, this.#admission.principalOf(call.metadata), unary.has(call.method)),
      onEnd: (call, failure) => this.#observer.end(call, failure),
      onDefect: (error, method) => this.#reportDefect(error, method),
      runningCalls: this.#runningCalls,
    };
  }

  async start(): Promise<void> {
    if (this.#stopping !== undefined) throw new Error("The gRPC server has been stopped.");
    this.#addHealth();
    await addReflection(this.#server, [...this.#services, Health]);
    this.#address = await listen(this.#server, this.#address);
    this.#logger.info("listening", { address: this.#address });
    this.#health.set(true);
  }

  answerHealthOf(name: string): void {
    this.#healthNames.add(name);
  }

  setServing(isServing: boolean): void {
    this.#health.set(isServing && !this.#isDraining);
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    this.#health.set(false);
    this.#runningCalls.endRequests();
    const endStreams = setTimeout(() => this.#runningCalls.abort(goingAway(), "streams"), STREAM_DRAIN_MS);
    const endAll = (): void => this.#runningCalls.abort(goingAway());
    signal.addEventListener("abort", endAll, { once: true });
    if (signal.aborted) endAll();
    await this.#runningCalls.whenIdle();
    clearTimeout(endStreams);
    signal.removeEventListener("abort", endAll);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#isDraining = true;
    this.#health.set(false);
    this.#runningCalls.abort(goingAway());
    if (!(await settlesWithin(this.#runningCalls.whenIdle(), HANDLER_STOP_MS))) {
      this.#logger.warn("handlers ignore their signal", { count: this.#runningCalls.size });
    }
    const closed = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await settlesWithin(closed, CONNECTION_CLOSE_MS);
    this.#server.forceShutdown();
  }

  #addHealth(): void {
    const handlers = serviceHandlers(Health, this.#health.implementation, {
      context: (call) => call,
      onDefect: (error, method) => this.#reportDefect(error, method),
      runningCalls: this.#runningCalls,
    });
    this.#server.addService(serviceDefinition(Health), handlers);
  }

  #reportDefect(error: unknown, method: string): void {
    this.#logger.error("call failed by a defect", { method, error });
  }
}

function methodName(method: DescMethod): string {
  return methodPath(method).slice(1);
}

function listen(server: Server, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) reject(new Error(`Cannot listen on ${address}: ${error.message}`, { cause: error }));
      else resolve(address.startsWith("unix:") ? address : address.replace(/:\d+$/, `:${port}`));
    });
  });
}

function goingAway(): CallFailure {
  return notReady("The service is going away; call again.");
}

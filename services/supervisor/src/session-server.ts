import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  actingFor,
  apiKeyInvalid,
  type Authenticate,
  type Clock,
  type Component,
  createGrpcServer,
  type Logger,
  notPermitted,
  type Principal,
  type ServiceCall,
  type Telemetry,
  TRACEPARENT_HEADER,
} from "@windlass/chassis";
import { RunService, TaskService, WaitpointService, WorkerService } from "@windlass/proto";
import { type ClientChannel, methodPath } from "@windlass/proto/grpc";
import type { Gate } from "./gate.ts";
import { SessionAdmission } from "./session-admission.ts";
import { SessionCalls } from "./session-calls.ts";
import { type SessionOwner, WorkerSession } from "./worker-session.ts";

/** Where workers connect. */
export interface SessionServer extends Component {
  /** What goes into WINDLASS_WORKER_ADDRESS. */
  readonly address: string;
  /** Expects a worker: the token is good for one session, and for calls on behalf of its environment, until `forget`. */
  expect(owner: SessionOwner): { readonly token: string; readonly forget: () => void };
}

/** Longer than any worker's start may take: this only ends connections that are none of a worker's. */
const helloLimitMs = 30_000;
/** The SDK sends at most 4 MB at once, of messages that it counts as 256 bytes or more with 13 fields or fewer. */
const maxRequestFields = 300_000;
/** macOS allows 104 bytes for a socket's path with its NUL, Linux 108. */
const maxSocketPathBytes = 103;

/** What a task may call without an API key. The run-store answers, for the worker's environment and no other. */
const forwarded = [TaskService, RunService, WaitpointService];
const forwardedMethods: ReadonlySet<string> = new Set(
  forwarded.flatMap(({ methods }) => methods.map((method) => methodPath(method).slice(1))),
);
const ownMethods: ReadonlySet<string> = new Set(WorkerService.methods.map((method) => methodPath(method).slice(1)));

/**
 * Serves windlass.worker.v1 on one unix socket in the supervisor's private folder, which only its user may enter, and hands
 * calls of tasks on to the run-store. Who speaks is known by the token, which each worker gets in its environment and no
 * other knows: in Hello and GetWorkerConfig, and as the bearer token of everything else.
 */
export function createSessionServer(options: {
  privateDir: string;
  gate: Gate;
  clock: Clock;
  logger: Logger;
  telemetry: Telemetry;
  /** Where calls of tasks are handed on to. */
  store: ClientChannel;
}): SessionServer {
  const { gate, clock, logger, telemetry, store } = options;
  const path = join(options.privateDir, "s");
  const address = `unix:${path}`;
  const owners = new Map<string, SessionOwner>();
  const callsOf = new WeakMap<SessionOwner, SessionCalls>();
  /** Whose calls a call belongs to, found by what `authenticate` made of its token. */
  const callsBy = new WeakMap<Principal, SessionCalls>();
  /** Tokens whose session has not begun. */
  const unused = new Set<string>();
  const claim = (token: string) => (unused.delete(token) ? owners.get(token) : undefined);
  const admission = new SessionAdmission();

  const authenticate: Authenticate = async (token, method) => {
    // Their requests carry the token.
    if (ownMethods.has(method)) return { kind: "internal" };
    if (!forwardedMethods.has(method)) throw notPermitted(method);
    const owner = token === undefined ? undefined : owners.get(token);
    if (owner === undefined)
      throw apiKeyInvalid("The call carries no worker's token; send `authorization: Bearer <token>`.");
    const principal: Principal = { kind: "environment", environmentId: owner.environmentId };
    const calls = callsOf.get(owner);
    if (calls !== undefined) callsBy.set(principal, calls);
    return principal;
  };

  const server = createGrpcServer({
    address,
    // "listening" at info is for the address that others connect to.
    logger: { ...logger, info: (msg, fields) => logger.debug(msg, fields) },
    telemetry,
    authenticate,
    maxRequestFields,
  });
  for (const service of forwarded) {
    server.forward(service, {
      channel: store,
      metadata: forwardedMetadata,
      signal: (call) => callsBy.get(call.principal)?.begin(call) ?? call.signal,
      onEnd: (call) => callsBy.get(call.principal)?.end(call),
    });
  }
  server.add(WorkerService, {
    async getWorkerConfig({ token }) {
      const owner = owners.get(token);
      if (owner === undefined) throw apiKeyInvalid("No worker with this token is awaited.");
      return { environmentVariables: { ...(await owner.readVariables()) } };
    },
    session(requests, { metadata }) {
      const header = String(metadata.get("authorization")[0] ?? "").replace(/^bearer /i, "");
      const token = unused.has(header) ? header : undefined;
      const proveWorker = (given: string) => {
        const owner = claim(given);
        if (owner !== undefined) admission.settle(session, token);
        return owner;
      };
      const session = new WorkerSession(proveWorker, gate, clock);
      admission.admit(session, token);
      const limit = clock.setTimeout(() => {
        if (!session.isGreeted) session.close();
      }, helloLimitMs);
      void session.read(requests).finally(() => {
        limit.cancel();
        admission.settle(session, token);
      });
      return session.responses;
    },
  });

  return {
    name: "session-server",
    address,
    async start() {
      if (Buffer.byteLength(path) > maxSocketPathBytes) {
        throw new Error(`The socket's path is too long (${path}): set TMPDIR to a shorter folder.`);
      }
      await server.start();
    },
    stop: () => server.stop(),
    expect(owner) {
      const token = randomBytes(24).toString("base64url");
      const calls = new SessionCalls();
      owners.set(token, owner);
      callsOf.set(owner, calls);
      unused.add(token);
      return {
        token,
        forget() {
          owners.delete(token);
          unused.delete(token);
          calls.endAll();
        },
      };
    },
  };
}

/** A worker says neither who it is for nor anything else of the headers that mean something between services. */
function forwardedMetadata({ principal, traceparent }: ServiceCall) {
  const metadata = actingFor(principal.kind === "environment" ? principal.environmentId : "");
  if (traceparent !== "") metadata.set(TRACEPARENT_HEADER, traceparent);
  return metadata;
}

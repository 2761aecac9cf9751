import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  type Clock,
  type Component,
  createGrpcServer,
  type Logger,
  notPermitted,
  overloaded,
  type Telemetry,
} from "@windlass/chassis";
import { WorkerService } from "@windlass/proto";
import { methodPath } from "@windlass/proto/grpc";
import type { Gate } from "./gate.ts";
import { type SessionOwner, WorkerSession } from "./worker-session.ts";

/** Where workers connect. */
export interface SessionServer extends Component {
  /** What goes into WINDLASS_WORKER_ADDRESS. */
  readonly address: string;
  /** Expects a worker: the token is good for one session, until `forget`. */
  expect(owner: SessionOwner): { readonly token: string; readonly forget: () => void };
}

/** Longer than any worker's start may take: this only ends connections that are none of a worker's. */
const helloLimitMs = 30_000;
/** Far more than there are workers: only what has escaped from a worker's process group could open so many. */
const maxSessions = 1_024;
/** macOS allows 104 bytes for a socket's path with its NUL, Linux 108. */
const maxSocketPathBytes = 103;

/**
 * Serves windlass.worker.v1 on one unix socket in the supervisor's private folder, which only its user may enter. Who
 * speaks is known by the token in Hello, which each worker gets in its environment and no other knows.
 */
export function createSessionServer(options: {
  privateDir: string;
  gate: Gate;
  clock: Clock;
  logger: Logger;
  telemetry: Telemetry;
}): SessionServer {
  const { gate, clock, logger, telemetry } = options;
  const path = join(options.privateDir, "s");
  const address = `unix:${path}`;
  const expected = new Map<string, SessionOwner>();
  const claim = (token: string) => {
    const owner = expected.get(token);
    expected.delete(token);
    return owner;
  };
  let sessions = 0;

  const server = createGrpcServer({
    address,
    // "listening" at info is for the address that others connect to.
    logger: { ...logger, info: (msg, fields) => logger.debug(msg, fields) },
    telemetry,
    // Hello is the credential; nothing but the session is offered here.
    authenticate: async (_token, method) => {
      if (`/${method}` !== methodPath(WorkerService.method.session)) throw notPermitted(method);
      return { kind: "internal" };
    },
  });
  server.add(WorkerService, {
    session(requests) {
      if (sessions >= maxSessions) throw overloaded("Too many sessions are open.");
      const session = new WorkerSession(claim, gate);
      sessions += 1;
      const limit = clock.setTimeout(() => {
        if (!session.isGreeted) session.close();
      }, helloLimitMs);
      void session.read(requests).finally(() => {
        limit.cancel();
        sessions -= 1;
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
      expected.set(token, owner);
      return { token, forget: () => void expected.delete(token) };
    },
  };
}

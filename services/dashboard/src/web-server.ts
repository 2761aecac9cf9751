import { existsSync } from "node:fs";
import path from "node:path";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import cookiePlugin from "@fastify/cookie";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import staticFiles from "@fastify/static";
import type { Clock, Component, Logger } from "@windlass/chassis";
import { EnvironmentService } from "@windlass/proto";
import { type ClientChannel, createClient } from "@windlass/proto/grpc";
import { fastify, type FastifyInstance } from "fastify";
import { createEndedSessions } from "./auth/ended-sessions.ts";
import { isSameOrigin } from "./auth/same-origin.ts";
import { createSessionCookie, type SessionCookie } from "./auth/session-cookie.ts";
import { addSessionRoutes } from "./auth/session-routes.ts";
import type { SessionSeal } from "./auth/session-seal.ts";
import { addPublicServices, callContext } from "./bridge/connect-bridge.ts";
import { createOpenCalls, type OpenCalls } from "./bridge/open-calls.ts";
import { securityHeaders } from "./security-headers.ts";
import { addSettingsRoute, type PageSettings } from "./settings-route.ts";

/** What browsers talk to. */
export interface WebServer extends Component {
  /** Where it listens, with the port it got; the configured address before start. */
  readonly address: string;
}

export interface WebServerOptions {
  /** "host:port", where port 0 takes any free one. */
  readonly address: string;
  /** How many proxies in front are believed about who asks: what is said before them, anybody can say. */
  readonly trustedProxies: number;
  /** What vite built. */
  readonly pagesDirectory: string;
  readonly settings: PageSettings;
  /** To the run-store; without a credential. */
  readonly channel: ClientChannel;
  readonly seal: SessionSeal;
  readonly clock: Pick<Clock, "nowMs">;
  readonly logger: Logger;
}

/** Larger than any payload (3 MB) with what is around it. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** How long calls may take to end once the server stops; streams would stay for ever. */
const STOP_CALLS_AFTER_MS = 500;
/** Addresses whose sign-ins are counted at a time. */
const MAX_COUNTED_ADDRESSES = 10_000;

/** Serves the page, sessions, and the public API to who has one. Nothing is bound before start. */
export function createWebServer(options: WebServerOptions): WebServer {
  let { address } = options;
  const ended = createEndedSessions(options.clock);
  const cookie = createSessionCookie({ seal: options.seal, ended, clock: options.clock });
  const calls = createOpenCalls();
  const app = fastify({
    trustProxy: (_, hop) => hop < options.trustedProxies,
    bodyLimit: MAX_REQUEST_BYTES,
    forceCloseConnections: true,
  });
  let stopping: Promise<void> | undefined;
  return {
    name: "web-server",
    get address() {
      return address;
    },
    async start() {
      if (!existsSync(path.join(options.pagesDirectory, "index.html")))
        throw new Error("The pages are not built; `node deploy/local/install.mjs` builds them.");
      await addEverything(app, { cookie, calls }, options);
      const colon = address.lastIndexOf(":");
      const host = address.slice(0, colon).replaceAll(/[[\]]/gu, "");
      const url = await app.listen({ host, port: Number(address.slice(colon + 1)) });
      address = new URL(url).host;
      options.logger.info("listening for browsers", { address });
    },
    stop() {
      stopping ??= app.close();
      return stopping;
    },
  };
}

async function addEverything(
  app: FastifyInstance,
  { cookie, calls }: { readonly cookie: SessionCookie; readonly calls: OpenCalls },
  options: WebServerOptions,
): Promise<void> {
  const { channel, logger } = options;
  await app.register(helmet, securityHeaders); // first, so that refusals have them too
  app.addHook("onRequest", async (request, reply) => {
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (!isRead && !isSameOrigin(request)) {
      await reply
        .code(403)
        .send({ error: { reason: "NOT_PERMITTED", message: "The request comes from another site." } });
    }
  });
  app.setErrorHandler<Error & { statusCode?: number }>(async (error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error("request failed", { route: request.routeOptions.url, error });
    const message = status >= 500 ? "The dashboard failed; its log tells more." : error.message;
    await reply.code(status).send({ error: { reason: status === 429 ? "OVERLOADED" : "FIELD_INVALID", message } });
  });
  await app.register(cookiePlugin);
  await app.register(rateLimit, { global: false, cache: MAX_COUNTED_ADDRESSES });
  addSessionRoutes(app, { cookie, calls, environments: createClient(EnvironmentService, channel) });
  addSettingsRoute(app, cookie, options.settings);
  await app.register(
    async (api) => {
      calls.watch(api, cookie);
      await api.register(fastifyConnectPlugin, {
        routes: (router) => addPublicServices(router, channel),
        contextValues: (request) => callContext(cookie.read(request)),
        grpc: false,
        grpcWeb: false,
        readMaxBytes: MAX_REQUEST_BYTES,
        shutdownTimeoutMs: STOP_CALLS_AFTER_MS,
      });
    },
    { prefix: "/api" },
  );
  await addPages(app, options.pagesDirectory);
}

/** Files that vite built have a hash in their names and never change; every other path is the page, whose own router takes it from there. */
async function addPages(app: FastifyInstance, directory: string): Promise<void> {
  await app.register(staticFiles, {
    root: directory,
    index: false,
    cacheControl: false,
    setHeaders: (reply, file) => {
      const isHashed = path.basename(path.dirname(file)) === "assets";
      void reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
    preCompressed: true,
    wildcard: false,
  });
  app.setNotFoundHandler(async (request, reply) => {
    const wantsPage = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
    if (wantsPage) return reply.sendFile("index.html");
    return reply.code(404).send({ error: { reason: "METHOD_UNKNOWN", message: "There is nothing here." } });
  });
}

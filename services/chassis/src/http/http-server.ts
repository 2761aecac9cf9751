import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { ErrorReason } from "@windlass/proto";
import { notReady, overloaded } from "../failures/index.ts";
import { settlesWithin } from "../grpc/settles-within.ts";
import type { Component } from "../lifecycle/component.ts";
import type { Logger } from "../telemetry/logger.ts";
import { startSpan } from "../telemetry/spans.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { asHttpProblem, HttpProblem, isRefusal, problemJson } from "./http-problem.ts";
import type { HttpRoute } from "./http-route.ts";
import { readBody } from "./read-body.ts";

export interface HttpServerOptions {
  /** "host:port", where port 0 takes any free one. */
  readonly address: string;
  readonly routes: readonly HttpRoute[];
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** How long a request may take to arrive, head and body. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** How many requests are worked on at once; more are refused with OVERLOADED. Default 100. */
  readonly maxRequests?: number;
}

/**
 * A small HTTP/1.1 server for callers that speak nothing else. Every failure is `{ "error": { "reason", "message" } }`. `drain` takes no new connection, ends those that are
 * idle, and closes each of the others with its answer. `stop` ends everything.
 */
export interface HttpServer extends Component {
  /** Where it listens, with the port it got; the configured address before start. */
  readonly address: string;
  drain(signal: AbortSignal): Promise<void>;
}

const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 5_000;
/** How often arrivals are checked for having taken too long. */
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 1_000;
/** Bodies are held in memory: with those of 3 MB, 300 MB. */
const MAX_REQUESTS = 100;
const MAX_HEAD_BYTES = 16 * 1024;
/** How long a body that nobody wants is let pass, so that its sender gets to read the answer. */
const LINGER_MS = 1_000;
/** How long stop waits for handlers whose connections are gone. */
const HANDLER_STOP_MS = 3_000;

/** Makes a server. Nothing is bound before start. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  return new ChassisHttpServer(options);
}

class ChassisHttpServer implements HttpServer {
  readonly name = "http-server";
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #requests = new Set<Promise<void>>();
  #address: string;
  #isDraining = false;
  #stopping: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#address = options.address;
    const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.#server = createServer(
      {
        headersTimeout: Math.min(HEAD_TIMEOUT_MS, requestTimeout),
        requestTimeout,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, requestTimeout),
        maxHeaderSize: MAX_HEAD_BYTES,
      },
      (request, response) => this.#accept(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("clientError", answerBrokenRequest);
  }

  get address(): string {
    return this.#address;
  }

  async start(): Promise<void> {
    if (this.#stopping !== undefined) throw new Error("The HTTP server has been stopped.");
    this.#address = await listen(this.#server, this.#address);
    this.#options.logger.info("listening for HTTP", { address: this.#address });
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    this.#server.close();
    this.#server.closeIdleConnections();
    if (signal.aborted) return;
    const aborted = once(signal, "abort");
    while (this.#requests.size > 0 && !signal.aborted) await Promise.race([aborted, ...this.#requests]);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#isDraining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    const settled = Promise.all(this.#requests).then(() => undefined);
    if (!(await settlesWithin(settled, HANDLER_STOP_MS)))
      this.#options.logger.warn("HTTP requests outlive their connections", { count: this.#requests.size });
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    const handled = this.#handle(request, response).finally(() => this.#requests.delete(handled));
    this.#requests.add(handled);
  }

  /** Never rejects. */
  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#send(request, response, 200, JSON.stringify(await this.#answer(request)));
    } catch (error) {
      // A caller that has hung up, or was cut off for being slow, is told nothing.
      if (response.destroyed || (request.destroyed && !request.complete)) return;
      if (!isRefusal(error))
        this.#options.logger.error("an HTTP request failed by a defect", { path: pathOf(request), error });
      const problem = asHttpProblem(error);
      if (problem.status === 405) response.setHeader("allow", "POST");
      await this.#send(request, response, problem.status, problemJson(problem));
    }
  }

  #answer(request: IncomingMessage): Promise<unknown> {
    if (this.#isDraining) throw notReady("The service is draining; call again.");
    // This request is not among them yet.
    if (this.#requests.size >= (this.#options.maxRequests ?? MAX_REQUESTS))
      throw overloaded("Too many requests at once; call again.");
    const url = parseUrl(request.url ?? "");
    for (const route of this.#options.routes) {
      const match = route.path.exec(url.pathname);
      if (match === null) continue;
      if (request.method !== route.method)
        throw new HttpProblem(405, ErrorReason.METHOD_UNKNOWN, `Use ${route.method}, not ${request.method}.`);
      return this.#observe(route.name, request, () =>
        route.handle({
          params: match.slice(1),
          query: url.searchParams,
          contentType: contentTypeOf(request),
          body: () => readBody(request, route.maxBodyBytes),
        }),
      );
    }
    throw new HttpProblem(404, ErrorReason.METHOD_UNKNOWN, "There is nothing at this path.");
  }

  /** One span for each request, under the caller's. */
  async #observe(name: string, request: IncomingMessage, handle: () => Promise<unknown>): Promise<unknown> {
    const header = request.headers["traceparent"];
    const parent = typeof header === "string" ? header : "";
    const span = startSpan(this.#options.telemetry, { name, parent, kind: "server" });
    try {
      const answer = await handle();
      span.end();
      return answer;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async #send(request: IncomingMessage, response: ServerResponse, status: number, json: string): Promise<void> {
    const isUnread = !request.complete;
    if (this.#isDraining || isUnread) response.setHeader("connection", "close");
    const content = Buffer.from(`${json}\n`);
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": content.byteLength,
      "cache-control": "no-store",
    });
    response.write(content);
    // The answer is out. Closing now would reset the connection under a caller that is still sending, who then might not see it.
    if (isUnread) await letPass(request);
    response.end();
  }
}

/** Reads and drops what is left of a request, for a moment. */
async function letPass(request: IncomingMessage): Promise<void> {
  const passed = new Promise<void>((resolve) => request.once("end", resolve).once("close", resolve));
  request.resume();
  await settlesWithin(passed, LINGER_MS);
}

function parseUrl(target: string): URL {
  const url = URL.parse(target, "http://localhost");
  if (url === null) throw new HttpProblem(400, ErrorReason.FIELD_INVALID, "The request's path is not one.");
  return url;
}

/** Without the query, which may hold a secret. */
function pathOf(request: IncomingMessage): string {
  return request.url?.split("?", 1)[0] ?? "";
}

function contentTypeOf(request: IncomingMessage): string {
  return request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Answers what is no HTTP, has too long a head, or takes too long to arrive. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const problem = problemOfParser(error.code);
  const json = `${problemJson(problem)}\n`;
  const head = `HTTP/1.1 ${problem.status} Refused\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n`;
  socket.end(head + json, () => socket.destroy());
}

function problemOfParser(code: string | undefined): HttpProblem {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new HttpProblem(408, ErrorReason.CALL_ENDED, "The request took too long to arrive.");
    case "HPE_HEADER_OVERFLOW":
      return new HttpProblem(431, ErrorReason.FIELD_INVALID, `The head must be at most ${MAX_HEAD_BYTES} bytes.`);
    default:
      return new HttpProblem(400, ErrorReason.FIELD_INVALID, "The request is not HTTP/1.1.");
  }
}

function listen(server: Server, address: string): Promise<string> {
  const { hostname, port } = new URL(`http://${address}`);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new Error(`Cannot listen on ${address}: ${error.message}`, { cause: error }));
    server.once("error", fail);
    // A URL has no port when it is HTTP's own, and brackets around an IPv6 host that a socket does not know.
    server.listen({ host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? 80 : Number(port) }, () => {
      server.off("error", fail);
      resolve(`${hostname}:${(server.address() as AddressInfo).port}`);
    });
  });
}

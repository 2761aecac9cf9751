import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { collectLogs } from "../../test/collected-logs.ts";
import { startOtlpReceiver } from "../../test/otlp-receiver.ts";
import { notReady } from "../failures/index.ts";
import { startTelemetry } from "../telemetry/index.ts";
import type { HttpRoute } from "./http-route.ts";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "./http-server.ts";

let stop: () => Promise<void> = () => Promise.resolve();
afterEach(() => stop());

async function start(handle: HttpRoute["handle"], options: Partial<HttpServerOptions> = {}) {
  const logs = collectLogs();
  const server = createHttpServer({
    address: "127.0.0.1:0",
    routes: [{ name: "POST /things/{id}", method: "POST", path: /^\/things\/(\w+)$/, maxBodyBytes: 1_000, handle }],
    logger: logs.logger,
    telemetry: startTelemetry({ service: "test", logger: logs.logger }),
    ...options,
  });
  await server.start();
  stop = () => server.stop();
  return { server, logs, url: (path: string) => `http://${server.address}${path}` };
}

const echo: HttpRoute["handle"] = async ({ params, query, contentType, body }) => ({
  params,
  query: Object.fromEntries(query),
  contentType,
  body: Buffer.from(await body()).toString(),
});
const reasonOf = async (response: Response) =>
  `${response.status} ${((await response.json()) as { error: { reason: string } }).error.reason}`;

/** Sends bytes as they are; what comes back until the server closes. */
async function raw(server: HttpServer, text: string): Promise<string> {
  const [host, port] = server.address.split(":");
  const socket = connect(Number(port), host).setEncoding("utf8");
  let answer = "";
  socket.on("data", (chunk: string) => (answer += chunk));
  socket.on("error", () => undefined);
  socket.write(text);
  await once(socket, "close");
  return answer;
}

describe("a request", () => {
  test("reaches its route with parameters, query and body; the answer is JSON", async () => {
    const { url } = await start(echo);
    const response = await fetch(url("/things/a1?x=1%202"), {
      method: "POST",
      body: "hello",
      headers: { "content-type": "Text/Plain; charset=utf-8" },
    });
    expect(response.headers.get("content-type")).toBe("application/json");
    expect([response.status, await response.json()]).toEqual([
      200,
      { params: ["a1"], query: { x: "1 2" }, contentType: "text/plain", body: "hello" },
    ]);
  });

  test("to another path is 404, with another method 405", async () => {
    const { url } = await start(echo);
    expect(await reasonOf(await fetch(url("/things/"), { method: "POST" }))).toBe("404 METHOD_UNKNOWN");
    expect(await reasonOf(await fetch(url("/things/a"), { method: "PUT" }))).toBe("405 METHOD_UNKNOWN");
  });

  test("with a body beyond the limit is 413, announced or not, and the answer reaches who is still sending", async () => {
    const { url } = await start(echo);
    const body = "x".repeat(2_000_000);
    expect(await reasonOf(await fetch(url("/things/a"), { method: "POST", body }))).toBe("413 FIELD_INVALID");
    const chunked = new ReadableStream({
      start: (controller) => {
        for (let index = 0; index < 100; index += 1) controller.enqueue(new TextEncoder().encode("x".repeat(100)));
        controller.close();
      },
    });
    expect(await reasonOf(await fetch(url("/things/a"), { method: "POST", body: chunked, duplex: "half" }))).toBe(
      "413 FIELD_INVALID",
    );
  });

  test("whose handler refuses before it reads the body is answered without waiting for the body", async () => {
    const { server } = await start(() => Promise.reject(notReady("Not now.")));
    const answer = await raw(server, "POST /things/a HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\nabc");
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    expect(answer).toContain('"reason":"NOT_READY"');
  });

  test("that fails by a defect is 500 and says nothing of it; the log does, without the query", async () => {
    const { url, logs } = await start(() => Promise.reject(new Error("the secret reason")));
    const response = await fetch(url("/things/a?secret=hidden"), { method: "POST" });
    const text = await response.text();
    expect([response.status, text.includes("INTERNAL"), text.includes("secret reason")]).toEqual([500, true, false]);
    expect(logs.lines).toMatchObject([
      {},
      { level: "error", path: "/things/a", error: { message: "the secret reason" } },
    ]);
  });

  test("that is no HTTP is 400, with too long a head 431, and one that takes too long to arrive 408", async () => {
    const { server } = await start(echo, { requestTimeoutMs: 500 });
    expect(await raw(server, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1.1 400 [^]*FIELD_INVALID/);
    expect(await raw(server, `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect(await raw(server, "POST /things/a HTTP/1.1\r\nhost: x\r\n")).toMatch(/^HTTP\/1.1 408 [^]*CALL_ENDED/);
    const slowBody = "POST /things/a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc";
    expect(await raw(server, slowBody)).toMatch(/^HTTP\/1.1 408 /);
  });

  test("beyond those that are worked on at once is OVERLOADED", async () => {
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const { url } = await start(
      async () => {
        entered.resolve();
        await gate.promise;
        return {};
      },
      { maxRequests: 1 },
    );
    const first = fetch(url("/things/a"), { method: "POST" });
    await entered.promise;
    expect(await reasonOf(await fetch(url("/things/b"), { method: "POST" }))).toBe("429 OVERLOADED");
    gate.resolve();
    expect((await first).status).toBe(200);
  });
});

test("a request is one span under its caller's, failed when it is refused", async () => {
  const receiver = await startOtlpReceiver();
  const { logger } = collectLogs();
  const telemetry = startTelemetry({ service: "test", endpoint: receiver.endpoint, logger });
  await telemetry.start();
  const { url } = await start(
    ({ params }) => (params[0] === "ok" ? Promise.resolve({}) : Promise.reject(notReady("no"))),
    {
      telemetry,
    },
  );
  const traceId = "1".repeat(32);
  const headers = { traceparent: `00-${traceId}-${"2".repeat(16)}-01` };
  await fetch(url("/things/ok"), { method: "POST", headers });
  await fetch(url("/things/not?secret=1"), { method: "POST", headers });
  await telemetry.stop();
  await receiver.stop();
  const span = { name: "POST /things/{id}", traceId, parentSpanId: "2".repeat(16) };
  expect(receiver.spans).toMatchObject([span, { ...span, statusCode: 2 }]);
});

describe("draining", () => {
  test("answers what was asked, closes kept-alive connections with it, and takes no new one", async () => {
    const gate = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const { server, url } = await start(async () => {
      entered.resolve();
      await gate.promise;
      return { answered: true };
    });
    const agent = new Agent({ keepAlive: true });
    const answered = new Promise<string | undefined>((resolve, reject) => {
      const request = httpRequest(url("/things/a"), { method: "POST", agent }, (response) => {
        response.resume();
        resolve(response.headers.connection);
      });
      request.on("error", reject);
      request.end();
    });
    await entered.promise;
    const drained = server.drain(AbortSignal.timeout(10_000));
    await expect(fetch(url("/things/b"), { method: "POST" })).rejects.toThrow("fetch failed");
    gate.resolve();
    expect(await answered).toBe("close");
    await drained;
    agent.destroy();
  });

  test("gives up when its signal aborts; stop ends what is left", async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { server, url } = await start(async () => {
      entered.resolve();
      await gate.promise;
      return {};
    });
    const call = fetch(url("/things/a"), { method: "POST" });
    const failed = call.then(
      () => "answered",
      (error: Error) => error.message,
    );
    await entered.promise;
    const abort = new AbortController();
    const drained = server.drain(abort.signal);
    abort.abort();
    await drained;
    const stopped = server.stop();
    expect(await failed).toBe("fetch failed");
    gate.resolve();
    await stopped;
  });
});

test("stop is complete, twice, and before start; a stopped server does not start", async () => {
  const { server, url } = await start(echo);
  await Promise.all([server.stop(), server.stop()]);
  await expect(fetch(url("/things/a"))).rejects.toThrow("fetch failed");
  const { logger } = collectLogs();
  const telemetry = startTelemetry({ service: "test", logger });
  const other = createHttpServer({ address: "127.0.0.1:0", routes: [], logger, telemetry });
  await other.stop();
  await expect(other.start()).rejects.toThrow("has been stopped");
});

test("a port that is taken is told by its address", async () => {
  const { server } = await start(echo);
  const { logger } = collectLogs();
  const telemetry = startTelemetry({ service: "test", logger });
  await expect(createHttpServer({ address: server.address, routes: [], logger, telemetry }).start()).rejects.toThrow(
    `Cannot listen on ${server.address}`,
  );
});

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { retry } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import type { FetchRetryOptions } from "./fetch-options.ts";
import { resetTimeMs, retryAfterTimeMs } from "./reset-time.ts";

const fast = { minTimeoutInMs: 1, maxTimeoutInMs: 2 } as const;
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  TestAttempt.end();
});

/** Serves these answers one after another, then the last again and again; collects the bodies it was sent. */
async function serve(...answers: RequestListener[]): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const answer = answers[Math.min(bodies.length, answers.length - 1)]!;
      bodies.push(Buffer.concat(chunks).toString());
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies };
}

function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => response.writeHead(code, headers).end(`answer ${code}`);
}

const hang: RequestListener = () => {};
const hangUp: RequestListener = (request) => request.socket.destroy();

describe("retry.fetch", () => {
  it("tries a status again by its strategy, body included, and gives the response", async () => {
    const { url, bodies } = await serve(status(500), status(503), status(200));
    const response = await retry.fetch(url, {
      method: "POST",
      body: "hello",
      retry: { byStatus: { "500-599": { strategy: "backoff", ...fast } } },
    });
    expect([response.status, await response.text(), bodies]).toEqual([200, "answer 200", ["hello", "hello", "hello"]]);
  });

  it("gives the last response, whatever its status, when no try is left", async () => {
    const { url, bodies } = await serve(status(500));
    const response = await retry.fetch(url, {
      retry: { byStatus: { "5xx": { strategy: "backoff", ...fast, maxAttempts: 2 } } },
    });
    expect([response.status, await response.text(), bodies.length]).toEqual([500, "answer 500", 2]);
  });

  it("leaves a status alone that no strategy names", async () => {
    const { url, bodies } = await serve(status(404));
    const byStatus = { "429,5xx": { strategy: "backoff", ...fast } } as const;
    expect([(await retry.fetch(url, { retry: { byStatus } })).status, bodies.length]).toEqual([404, 1]);
  });

  it("waits until the moment that a header names", async () => {
    const headers = { "x-remaining": "0", "x-reset": "30ms" };
    const { url, bodies } = await serve(status(429, headers), status(200));
    const startMs = performance.now();
    const response = await retry.fetch(url, {
      retry: {
        byStatus: {
          "429": {
            strategy: "headers",
            remainingHeader: "x-remaining",
            resetHeader: "x-reset",
            resetFormat: "iso_8601_duration_openai_variant",
          },
        },
      },
    });
    expect([response.status, bodies.length]).toEqual([200, 2]);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(25);
  });

  it("does not wait for a reset that is more than an hour away", async () => {
    const { url, bodies } = await serve(status(429, { "retry-after": "3601" }));
    const byStatus = { "429": { strategy: "backoff", ...fast } } as const;
    expect([(await retry.fetch(url, { retry: { byStatus } })).status, bodies.length]).toEqual([429, 1]);
  });

  it("tries again when the connection breaks, and throws the error when no try is left", async () => {
    const { url, bodies } = await serve(hangUp, status(200));
    expect((await retry.fetch(url, { retry: { connectionError: fast } })).status).toBe(200);
    expect(bodies).toHaveLength(2);
    server!.close();
    server!.closeAllConnections();
    await expect(retry.fetch(url, { retry: { connectionError: { ...fast, maxAttempts: 2 } } })).rejects.toThrow(
      "fetch failed",
    );
  });

  it("tries again when no response begins in time", async () => {
    const { url, bodies } = await serve(hang, status(200));
    expect((await retry.fetch(url, { timeoutInMs: 1_000, retry: { timeout: fast } })).status).toBe(200);
    const another = await serve(hang);
    await expect(
      retry.fetch(another.url, { timeoutInMs: 500, retry: { timeout: { ...fast, maxAttempts: 2 } } }),
    ).rejects.toMatchObject({ name: "TimeoutError", message: expect.stringContaining("within 500 ms") });
    expect([bodies.length, another.bodies.length]).toEqual([2, 2]);
  });

  it("ends with the reason of the run's signal, or of its own", async () => {
    const { url } = await serve(hang);
    const attempt = TestAttempt.begin();
    const controller = new AbortController();
    const own = retry.fetch(url, { signal: controller.signal });
    const reason = new Error("mine");
    controller.abort(reason);
    await expect(own).rejects.toBe(reason);
    const running = retry.fetch(url);
    const cancel = new Error("canceled");
    attempt.cancel(cancel);
    await expect(running).rejects.toBe(cancel);
  });

  it("refuses a stream, which cannot be sent twice, and a url that is none, at once", async () => {
    const body = new ReadableStream();
    await expect(retry.fetch("http://127.0.0.1:1/", { method: "POST", body })).rejects.toThrow("cannot send a stream");
    const fetching = vi.spyOn(globalThis, "fetch");
    await expect(retry.fetch("not a url")).rejects.toThrow(TypeError);
    expect(fetching).not.toHaveBeenCalled();
    fetching.mockRestore();
  });

  it.each<[string, unknown]>([
    ["a status that is none", { byStatus: { "700": { strategy: "backoff" } } }],
    ["a range that is backwards", { byStatus: { "599-500": { strategy: "backoff" } } }],
    ["a strategy that is none", { byStatus: { "500": { strategy: "hope" } } }],
    ["headers without resetHeader", { byStatus: { "429": { strategy: "headers" } } }],
    ["a format that is none", { byStatus: { "429": { strategy: "headers", resetHeader: "x", resetFormat: "y" } } }],
    ["an option that is none", { byStatus: { "500": { strategy: "backoff", tries: 3 } } }],
    ["a kind that is none", { onError: {} }],
    ["too many tries", { timeout: { maxAttempts: 101 } }],
  ])("refuses %s", async (_what, options) => {
    await expect(retry.fetch("http://127.0.0.1:1/", { retry: options as FetchRetryOptions })).rejects.toThrow(
      TypeError,
    );
  });
});

describe("reset headers", () => {
  it.each([
    ["iso_8601", "1970-01-01T00:00:05Z", 5_000],
    ["unix_timestamp", "5", 5_000],
    ["unix_timestamp_in_ms", "5000", 5_000],
    ["iso_8601_duration_openai_variant", "1m2s", 63_000],
    ["iso_8601_duration_openai_variant", "6m0.5s", 361_500],
    ["iso_8601_duration_openai_variant", "250ms", 1_250],
  ] as const)("%s %s", (format, header, timeMs) => expect(resetTimeMs(header, format, 1_000)).toBe(timeMs));

  it.each(["", "soon", "-5", "1e999", "5 minutes"])("that say nothing count as absent: %j", (header) => {
    for (const format of ["unix_timestamp", "unix_timestamp_in_ms", "iso_8601_duration_openai_variant"] as const) {
      expect(resetTimeMs(header, format, 0)).toBeUndefined();
    }
  });

  it("Retry-After in seconds or as a date", () => {
    expect(retryAfterTimeMs("2", 1_000)).toBe(3_000);
    expect(retryAfterTimeMs("Thu, 01 Jan 1970 00:00:09 GMT", 1_000)).toBe(9_000);
    expect(retryAfterTimeMs("later", 1_000)).toBeUndefined();
  });
});

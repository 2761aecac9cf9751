import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createLogger, systemClock } from "@windlass/chassis";
import { createChannel } from "@windlass/proto/grpc";
import { createSessionSeal } from "../auth/session-seal.ts";
import { createWebServer } from "../web-server.ts";

/** A dashboard's server with a page of one line. */
export interface TestWebServer extends AsyncDisposable {
  /** "http://127.0.0.1:port" */
  readonly url: string;
  /** Everything that was logged. */
  readonly logged: () => string;
  fetch(place: string, init?: RequestInit): Promise<Response>;
  /** Signs in; resolves with the header that later requests carry. */
  signIn(apiKey: string): Promise<{ cookie: string }>;
}

/** Starts one before the run-store at this address, as if behind one proxy unless told. */
export async function startWebServer(
  runStoreAddress: string,
  { trustedProxies = 1, secret = "a secret for tests" } = {},
): Promise<TestWebServer> {
  const pages = mkdtempSync(path.join(tmpdir(), "windlass-pages-"));
  mkdirSync(path.join(pages, "assets"));
  writeFileSync(path.join(pages, "index.html"), "<!doctype html><title>the page</title>");
  writeFileSync(path.join(pages, "assets", "index-abc123.js"), "// a script");
  let log = "";
  const channel = createChannel(runStoreAddress);
  const server = createWebServer({
    address: "127.0.0.1:0",
    trustedProxies,
    pagesDirectory: pages,
    settings: { traceUrl: "https://traces.example/{traceId}" },
    channel,
    seal: createSessionSeal({ secret, clock: systemClock }),
    clock: systemClock,
    logger: createLogger({ service: "test", level: "debug", write: (line) => (log += line) }),
  });
  await server.start();
  const url = `http://${server.address}`;
  let signIns = 0;
  const request: TestWebServer["fetch"] = (place, init) => fetch(`${url}${place}`, init);
  return {
    url,
    logged: () => log,
    fetch: request,
    async signIn(apiKey) {
      signIns += 1; // each from an address of its own, which has used up none of its tries
      const headers = { "content-type": "application/json", "x-forwarded-for": `10.1.0.${signIns}` };
      const response = await request("/session", { method: "POST", headers, body: JSON.stringify({ apiKey }) });
      if (response.status !== 204) throw new Error(`the sign-in was answered ${response.status}`);
      return { cookie: response.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      channel.close();
      rmSync(pages, { recursive: true });
    },
  };
}

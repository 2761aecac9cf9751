import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createFakeClock } from "@windlass/chassis";
import { RunService, TaskService } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signPublicToken } from "../../run-store/src/testing/sign-public-token.ts";
import {
  ADMIN_TOKEN,
  INTERNAL_TOKEN,
  type StoreServer,
  startStoreServer,
  type TestEnvironment,
} from "../../run-store/src/testing/store-server.ts";
import { MAX_SIGN_INS_PER_MINUTE } from "./auth/session-routes.ts";
import { startWebServer, type TestWebServer } from "./testing/start-web-server.ts";

/** What the run-store goes by: it looks at the keys of open streams every few seconds. */
const clock = createFakeClock();
let store: StoreServer;
let environment: TestEnvironment;
let web: TestWebServer;
beforeAll(async () => {
  store = await startStoreServer({ clock });
  environment = await store.createEnvironment();
  web = await startWebServer(store.address);
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await store.stop();
});

type Headers = Readonly<Record<string, string>>;

let signIns = 0;
/** Tries to sign in from an address that has used up none of its tries. */
function post(apiKey: unknown, headers: Headers = {}): Promise<Response> {
  signIns += 1;
  const own = { "content-type": "application/json", "x-forwarded-for": `10.2.0.${signIns}` };
  return web.fetch("/session", {
    method: "POST",
    headers: { ...own, ...headers },
    body: JSON.stringify({ apiKey }),
  });
}

/** A call as the page makes it. */
function call(
  headers: Headers,
  method = "windlass.v1.EnvironmentService/GetEnvironment",
  body = {},
): Promise<Response> {
  return web.fetch(`/api/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

function transport(headers: Headers) {
  return createConnectTransport({
    baseUrl: `${web.url}/api`,
    httpVersion: "1.1",
    interceptors: [
      (next) => (request) => {
        for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
        return next(request);
      },
    ],
  });
}

/** Follows a run; resolves once it is followed, with how that ends. */
async function follow(headers: Headers): Promise<{ readonly end: Promise<ConnectError> }> {
  const connect = transport(headers);
  const trigger = { requestId: crypto.randomUUID(), taskId: "some-task" };
  const { run } = await createClient(TaskService, connect).triggerTask({ trigger });
  const stream = createClient(RunService, connect).watchRun({ runId: run?.runId ?? "" });
  const messages = stream[Symbol.asyncIterator]();
  expect((await messages.next()).done).toBe(false);
  const end = (async () => {
    try {
      for (;;) if ((await messages.next()).done === true) throw new Error("the stream ended well");
    } catch (error) {
      return ConnectError.from(error);
    }
  })();
  return { end };
}

describe("another site's page", () => {
  const foreign: readonly Headers[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" }, // another port of this host, or a sister of it
  ];

  test.each(foreign)(
    "can neither sign in, sign out nor call, with the cookie of who is signed in: %o",
    async (where) => {
      const session = await web.signIn(environment.apiKey);
      const trigger = { trigger: { requestId: crypto.randomUUID(), taskId: "from-elsewhere" } };
      const answers = [
        await post(environment.apiKey, where),
        await web.fetch("/session", { method: "DELETE", headers: { ...session, ...where } }),
        await call({ ...session, ...where }, "windlass.v1.TaskService/TriggerTask", trigger),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
      expect((await environment.runs.listRuns({ taskId: "from-elsewhere" })).runs).toEqual([]);
      expect((await call(session)).status).toBe(200);
    },
  );

  test("gets no answer that it might read", async () => {
    const session = await web.signIn(environment.apiKey);
    for (const response of [await web.fetch("/session", { headers: session }), await call(session)])
      expect(Object.fromEntries(response.headers)).not.toHaveProperty("access-control-allow-origin");
  });
});

test.each<[string, (session: Headers) => Promise<Response>]>([
  ["a page", () => web.fetch("/runs", { headers: { accept: "text/html" } })],
  ["a script", () => web.fetch("/assets/index-abc123.js")],
  ["nothing", () => web.fetch("/nothing")],
  ["who is signed in", () => web.fetch("/session")],
  ["a refused sign-in", () => post("wl_dev_wrong")],
  ["another site's try", () => post("wl_dev_wrong", { origin: "https://evil.example" })],
  ["a call", (session) => call(session)],
  ["a refused call", () => call({})],
])(
  "scripts that are not ours, frames, guesses of its type, and telling where one came from, are forbidden with %s",
  async (_, ask) => {
    const { headers } = await ask(await web.signIn(environment.apiKey));
    expect(headers.get("content-security-policy")?.split(";")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
    });
  },
);

describe("who signs in", () => {
  test.each([
    ["a public access token", () => signPublicToken(environment.apiKey, ["run_1"], { expireTime: inAnHour() })],
    ["the admin token", () => ADMIN_TOKEN],
    ["the token of the services", () => INTERNAL_TOKEN],
  ])("needs an API key: %s opens nothing", async (_, credential) => {
    const response = await post(credential());
    expect([response.status, response.headers.getSetCookie()]).toEqual([401, []]);
  });

  test("gets a cookie in which nothing can be read, of a name that only its own host can set where TLS is", async () => {
    const plain = (await post(environment.apiKey)).headers.getSetCookie()[0] ?? "";
    const [name = "", sealed = ""] = plain.split(";")[0]?.split("=") ?? [];
    expect(name).toMatch(/^windlass-session-[0-9a-f]{8}$/u);
    expect(Buffer.from(sealed, "base64url").toString("latin1")).not.toContain(environment.apiKey.slice(-8));
    const secure = await post(environment.apiKey, { "x-forwarded-proto": "https" });
    expect(secure.headers.getSetCookie()[0]).toMatch(
      /^__Host-windlass-session-[0-9a-f]{8}=[\w-]+; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Lax$/u,
    );
  });

  test("stays signed in to one cluster while signing in to another on the same machine", async () => {
    await using other = await startWebServer(store.address, { secret: "another cluster's secret" });
    const both = `${(await web.signIn(environment.apiKey)).cookie}; ${(await other.signIn(environment.apiKey)).cookie}`;
    for (const server of [web, other])
      expect(await (await server.fetch("/session", { headers: { cookie: both } })).json()).toEqual({
        isSignedIn: true,
      });
  });

  test("is counted by the address that the nearest proxy saw, whatever a caller says before it", async () => {
    const answers = [];
    for (let tries = 0; tries <= MAX_SIGN_INS_PER_MINUTE; tries += 1)
      answers.push((await post("wl_dev_guess", { "x-forwarded-for": `10.3.0.${tries}, 10.4.0.1` })).status);
    expect(answers.at(-1)).toBe(429);
  });

  test("cannot name an address, or claim TLS, where no proxy is trusted", async () => {
    await using bare = await startWebServer(store.address, { trustedProxies: 0 });
    const answers: Response[] = [];
    for (let tries = 0; tries <= MAX_SIGN_INS_PER_MINUTE; tries += 1)
      answers.push(
        await bare.fetch("/session", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "x-forwarded-for": `10.5.0.${tries}`,
            "x-forwarded-proto": "https",
          },
          body: JSON.stringify({ apiKey: environment.apiKey }),
        }),
      );
    expect(answers[0]?.headers.getSetCookie()[0]).not.toContain("Secure");
    expect(answers.at(-1)?.status).toBe(429);
  });
});

describe("a session is over", () => {
  test("when its key is revoked: its streams end, its calls are refused, and the key signs nobody in", async () => {
    const { apiKey, secret } = await environment.environments.createApiKey({ name: "for a while" });
    const session = await web.signIn(secret);
    const stream = await follow(session);
    await environment.environments.revokeApiKey({ apiKeyId: apiKey?.id ?? "" });
    await clock.advance(10_000);
    expect((await stream.end).code).toBe(Code.Unauthenticated);
    expect((await call(session)).status).toBe(401);
    expect((await post(secret)).status).toBe(401);
  });

  test("with the sign-out: streams of other windows end too, and those of other sessions go on", async () => {
    const [session, another] = [await web.signIn(environment.apiKey), await web.signIn(environment.apiKey)];
    const [stream, anothers] = [await follow(session), await follow(another)];
    await web.fetch("/session", { method: "DELETE", headers: session });
    expect((await stream.end).message).not.toContain("ended well");
    expect((await call(session)).status).toBe(401);
    const isOver = await Promise.race([anothers.end.then(() => true), call(another).then(() => false)]);
    expect(isOver).toBe(false);
  });
});

function inAnHour(): number {
  return Math.floor(clock.nowMs() / 1_000) + 3_600;
}

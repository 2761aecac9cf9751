import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CallErrorSchema, EnvironmentService, ErrorReason, RunService, RunStatus, TaskService } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runKey } from "../../run-store/src/feed/feed.ts";
import { type StoreServer, startStoreServer, type TestEnvironment } from "../../run-store/src/testing/store-server.ts";
import { MAX_SIGN_INS_PER_MINUTE } from "./auth/session-routes.ts";
import { startWebServer, type TestWebServer } from "./testing/start-web-server.ts";

let store: StoreServer;
let environment: TestEnvironment;
let web: TestWebServer;
beforeAll(async () => {
  store = await startStoreServer();
  environment = await store.createEnvironment();
  web = await startWebServer(store.address);
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await store.stop();
});

/** What the browser has. */
function transport(headers: Record<string, string>) {
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
const failureOf = (call: Promise<unknown>): Promise<ConnectError> =>
  call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: unknown) => ConnectError.from(error),
  );

describe("the page", () => {
  test("is served at every address that is no file, under a policy that allows nothing inline", async () => {
    const response = await web.fetch("/runs/run_1", { headers: { accept: "text/html" } });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("the page")]);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/u);
    expect(response.headers.get("cache-control")).toBe("no-cache");
  });

  test("has scripts that are kept for good, as their names change with them", async () => {
    const response = await web.fetch("/assets/index-abc123.js");
    expect([response.status, response.headers.get("cache-control")]).toEqual([
      200,
      "public, max-age=31536000, immutable",
    ]);
    expect((await web.fetch("/assets/..%2f..%2fpackage.json")).status).toBe(404);
  });
});

describe("a session", () => {
  test("begins with a good key, in a cookie that scripts and other sites do not get; by TLS alone where the page came so", async () => {
    const signIn = (headers: Record<string, string>) =>
      web.fetch("/session", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ apiKey: environment.apiKey }),
      });
    const plain = (await signIn({ "x-forwarded-for": "10.0.0.1" })).headers.getSetCookie()[0] ?? "";
    expect(plain).toMatch(/; HttpOnly; SameSite=Lax$/u);
    expect(plain).not.toContain(environment.apiKey);
    const secure = await signIn({ "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "https" });
    expect(secure.headers.getSetCookie()[0]).toContain("; Secure");
  });

  test("is refused to a wrong key and to another site's page", async () => {
    const post = (apiKey: unknown, headers: Record<string, string> = {}) =>
      web.fetch("/session", {
        method: "POST",
        headers: { "content-type": "application/json", "x-forwarded-for": "10.0.0.2", ...headers },
        body: JSON.stringify({ apiKey }),
      });
    expect((await post("wl_dev_ffffffffffffffffffffffffffffffff")).status).toBe(401);
    expect((await post(7)).status).toBe(400);
    expect((await post("wl_dev_\u0007\n0")).status).toBe(400);
    expect((await post(environment.apiKey, { origin: "https://evil.example" })).status).toBe(403);
  });

  test("ends with the sign-out, also for who kept a copy of the cookie", async () => {
    const headers = await web.signIn(environment.apiKey);
    const isSignedIn = async () => (await web.fetch("/session", { headers })).json();
    expect(await isSignedIn()).toEqual({ isSignedIn: true });
    expect((await web.fetch("/session", { method: "DELETE", headers })).headers.getSetCookie()[0]).toContain(
      "Expires=Thu, 01 Jan 1970",
    );
    expect(await isSignedIn()).toEqual({ isSignedIn: false });
  });

  test("lets pages know what the dashboard was set to, and nobody else", async () => {
    const headers = await web.signIn(environment.apiKey);
    expect((await web.fetch("/settings")).status).toBe(401);
    expect(await (await web.fetch("/settings", { headers })).json()).toEqual({
      traceUrl: "https://traces.example/{traceId}",
    });
  });

  test("cannot be guessed: after some tries an address waits, and others do not", async () => {
    const guess = async (address: string) =>
      (
        await web.fetch("/session", {
          method: "POST",
          headers: { "content-type": "application/json", "x-forwarded-for": address },
          body: JSON.stringify({ apiKey: "wl_dev_guess" }),
        })
      ).status;
    const answers = [];
    for (let tries = 0; tries <= MAX_SIGN_INS_PER_MINUTE; tries++) answers.push(await guess("10.0.0.3"));
    expect(answers.at(-2)).toBe(401);
    expect(answers.at(-1)).toBe(429);
    expect(await guess("10.0.0.4")).toBe(401);
  });
});

describe("the public API", () => {
  test("is answered for the environment of the session's key, and for nobody without one", async () => {
    const signedIn = createClient(EnvironmentService, transport(await web.signIn(environment.apiKey)));
    expect((await signedIn.getEnvironment({})).environment?.id).toBe(environment.id);
    const nobody = createClient(EnvironmentService, transport({}));
    expect((await failureOf(nobody.getEnvironment({}))).code).toBe(Code.Unauthenticated);
    const withKey = createClient(EnvironmentService, transport({ authorization: `Bearer ${environment.apiKey}` }));
    expect((await failureOf(withKey.getEnvironment({}))).code).toBe(Code.Unauthenticated);
  });

  test("keeps the type of a failure: code, reason, and every wrong field", async () => {
    const connect = transport(await web.signIn(environment.apiKey));
    const unknown = await failureOf(createClient(RunService, connect).getRun({ runId: "run_unknown" }));
    expect(unknown.code).toBe(Code.NotFound);
    expect(unknown.findDetails(CallErrorSchema)[0]).toMatchObject({ reason: ErrorReason.RUN_NOT_FOUND });
    const invalid = await failureOf(
      createClient(TaskService, connect).triggerTask({ trigger: { requestId: "1", taskId: "" } }),
    );
    expect(invalid.findDetails(CallErrorSchema)[0]?.violations).toMatchObject([
      { field: expect.stringContaining("task_id") as string },
    ]);
  });

  test("gives no value of a variable, secret or not by name", async () => {
    const environments = createClient(EnvironmentService, transport(await web.signIn(environment.apiKey)));
    await environments.setVariables({ variables: { TOKEN: "swordfish-swordfish" } });
    expect((await environments.listVariables({})).secretNames).toEqual(["TOKEN"]);
    expect((await failureOf(environments.listVariables({ withSecretValues: true }))).code).toBe(Code.PermissionDenied);
    expect((await failureOf(environments.getVariable({ name: "TOKEN" }))).code).toBe(Code.Unimplemented);
  });

  test("streams a run's timeline as it happens, and lets go of it when the browser leaves", async () => {
    const connect = transport(await web.signIn(environment.apiKey));
    const { run } = await createClient(TaskService, connect).triggerTask({
      trigger: { requestId: "2", taskId: "some-task" },
    });
    const key = runKey(environment.id, run?.runId ?? "");
    const leaving = new AbortController();
    const runs = createClient(RunService, connect);
    const statuses: RunStatus[] = [];
    const watched = async (): Promise<void> => {
      for await (const { events } of runs.watchRun({ runId: run?.runId ?? "" }, { signal: leaving.signal })) {
        for (const { body } of events) if (body.case === "statusChanged") statuses.push(body.value.status);
        expect(store.feed.runChanges.has(key)).toBe(true);
        leaving.abort();
      }
    };
    expect((await failureOf(watched())).code).toBe(Code.Canceled);
    expect(statuses).toEqual([RunStatus.PENDING_VERSION]);
    await expect.poll(() => store.feed.runChanges.has(key), { timeout: 5_000 }).toBe(false);

    const whole = (async () => {
      for await (const { events } of runs.watchRun({ runId: run?.runId ?? "" })) {
        for (const { body } of events) if (body.case === "statusChanged") statuses.push(body.value.status);
      }
    })();
    await runs.cancelRun({ runId: run?.runId ?? "" });
    await whole;
    expect(statuses.at(-1)).toBe(RunStatus.CANCELED);
  });

  test("writes no key into the log", () => {
    expect(web.logged()).not.toContain(environment.apiKey);
  });
});

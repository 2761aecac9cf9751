import { TokenStatus } from "@windlass/proto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { close, configure, wait, WaitpointTimeoutError } from "../index.ts";
import { TestAttempt } from "../testing/test-attempt.ts";
import { API_KEY, TestCluster } from "../testing/test-cluster.ts";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start();
  configure({ url: cluster.url, apiKey: API_KEY });
});

afterEach(async () => {
  TestAttempt.end();
  await close();
  cluster.kill();
});

describe("a token", () => {
  it("is made with a timeout, tags and a key, and has a url that completes it", async () => {
    const token = await wait.createToken({ timeout: "10m", tags: ["a"], idempotencyKey: "k" });
    expect(token).toEqual({ id: "token_1", isCached: false, url: expect.stringContaining("token_1") });
    expect(await wait.retrieveToken(token)).toMatchObject({
      status: "WAITING",
      tags: ["a"],
      idempotencyKey: "k",
      timeoutAt: new Date(600_000),
    });
    expect(await wait.createToken({ idempotencyKey: "k" })).toEqual({ id: "token_1", isCached: true });
  });

  it("is completed once, with any value that can travel", async () => {
    const token = await wait.createToken();
    expect(await wait.completeToken(token, { at: new Date(0) })).toEqual({ success: true });
    await wait.completeToken(token.id, "too late");
    expect(await wait.retrieveToken<{ at: Date }>(token)).toMatchObject({
      status: "COMPLETED",
      output: { at: new Date(0) },
    });
  });

  it("that timed out cannot be completed", async () => {
    const { id } = await wait.createToken();
    cluster.tokens.set(id, { id, status: TokenStatus.TIMED_OUT });
    expect(await wait.completeToken(id)).toEqual({ success: false });
  });

  it("is found in lists", async () => {
    for (const _ of Array(3).keys()) await wait.createToken();
    const ids: string[] = [];
    for await (const { id } of wait.listTokens({ limit: 2 })) ids.push(id);
    expect(ids).toEqual(["token_3", "token_2", "token_1"]);
  });

  it("that does not exist is TOKEN_NOT_FOUND", async () => {
    TestAttempt.begin();
    const asked = [wait.retrieveToken("token_x"), wait.completeToken("token_x"), wait.forToken("token_x")];
    for (const answer of await Promise.allSettled<unknown>(asked)) {
      expect(answer).toMatchObject({ reason: { reason: "TOKEN_NOT_FOUND" } });
    }
    await expect(wait.forToken(undefined as never)).rejects.toMatchObject({ reason: "FIELD_INVALID" });
  });

  it.each([{ timeout: "0s" }, { timeout: "soon" }, { timeout: new Date(0) }, { tags: [""] }, { ttl: "1h" }])(
    "refuses %j",
    async (options) => {
      await expect(wait.createToken(options as object)).rejects.toMatchObject({ reason: "FIELD_INVALID" });
    },
  );
});

describe("wait.forToken", () => {
  it("suspends the run until the token is completed, and gives what it was completed with", async () => {
    const attempt = TestAttempt.begin();
    const token = await wait.createToken();
    const waiting = wait.forToken<{ ok: string }>(token);
    await vi.waitFor(() => expect(attempt.waits).toEqual([{ type: "token", token: token.id }]));
    await wait.completeToken(token, { ok: "yes" });
    attempt.resume();
    expect(await waiting).toEqual({ ok: true, id: token.id, output: { ok: "yes" } });
  });

  it("does not suspend for one that is completed already", async () => {
    const attempt = TestAttempt.begin();
    const token = await wait.createToken();
    await wait.completeToken(token, 5);
    expect(await wait.forToken<number>(token.id).unwrap()).toBe(5);
    expect(attempt.waits).toEqual([]);
  });

  it("gives an error when the timeout came first, which unwrap throws", async () => {
    TestAttempt.begin();
    const { id } = await wait.createToken({ timeout: "1s" });
    cluster.tokens.get(id)!.status = TokenStatus.TIMED_OUT;
    expect(await wait.forToken(id)).toEqual({ ok: false, id, error: expect.any(WaitpointTimeoutError) });
    await expect(wait.forToken(id).unwrap()).rejects.toThrow(`${id} timed out at 1970-01-01T00:00:01.000Z`);
  });
});

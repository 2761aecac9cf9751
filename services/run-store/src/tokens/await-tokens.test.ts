import { createFakeClock, createLogger } from "@windlass/chassis";
import { type AwaitedToken, TokenStatusSchema } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createFeed, tokenKey } from "../feed/feed.ts";
import { createFakeNats, type FakeNats } from "../testing/fake-nats.ts";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";
import { timeOutTokens } from "../store/time-out-tokens.ts";
import { createTokenAnnouncer } from "./announce-tokens.ts";
import { awaitTokens } from "./await-tokens.ts";
import { completeToken } from "./complete-token.ts";
import { createTokenHints, NO_TOKEN_HINTS } from "./token-hints.ts";
import { createTokenReader } from "./token-reader.ts";

const clock = createFakeClock(Date.now());
const logger = createLogger({ service: "test", level: "error" });
let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer({ clock });
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

async function create(timeoutMs?: number): Promise<string> {
  const timeout = timeoutMs === undefined ? {} : { timeout: { seconds: BigInt(timeoutMs / 1_000), nanos: 0 } };
  const { token } = await environment.tokens.createToken(timeout);
  return token?.id ?? "";
}
const content = (text: string) => ({ data: Buffer.from(text), contentType: "application/json" });
const complete = (tokenId: string, text = '"done"') =>
  environment.tokens.completeToken({ tokenId, data: content(text) });
/** Completes a token without telling anybody, as another replica whose hint was lost. */
const completeSilently = (tokenId: string) =>
  completeToken(
    { db: server.postgres, announceTokens: createTokenAnnouncer(createFeed(), NO_TOKEN_HINTS) },
    { environmentId: environment.id, tokenId },
    { data: Buffer.from("1"), contentType: "application/json" },
  );

/** What a test compares: "token_1 COMPLETED" or "token_1 TOKEN_NOT_FOUND". */
function brief({ tokenId, result }: AwaitedToken): string {
  if (result.case === "error") return `${tokenId} ${reasonName(result.value.reason)}`;
  return `${tokenId} ${TokenStatusSchema.value[result.value?.status ?? 0]?.localName}`;
}

/** Collects the answers of a stream; `until(n)` gives them once there are n. */
function collect(messages: AsyncIterable<{ readonly results: readonly AwaitedToken[] }>) {
  const answers: AwaitedToken[] = [];
  const iterator = messages[Symbol.asyncIterator]();
  return {
    answers,
    async until(count: number): Promise<string[]> {
      while (answers.length < count) {
        const next = await iterator.next();
        if (next.done === true) throw new Error(`the stream ended after ${answers.length} answers`);
        answers.push(...next.value.results);
      }
      return answers.map(brief);
    },
    async rest(): Promise<string[]> {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        answers.push(...next.value.results);
      return answers.map(brief);
    },
  };
}

describe("AwaitTokens", () => {
  let call: ReturnType<typeof environment.tokens.awaitTokens>;
  let stream: ReturnType<typeof collect>;
  beforeEach(() => {
    call = environment.tokens.awaitTokens();
    stream = collect(call.responses);
    return () => call.cancel();
  });

  it("answers a token at once when it has ended, else when it is completed or timed out, with its data", async () => {
    const [ended, completed, timedOut] = [await create(), await create(), await create(60_000)];
    await complete(ended, "1");
    call.send({ tokenIds: [ended, completed, timedOut] });
    expect(await stream.until(1)).toEqual([`${ended} COMPLETED`]);
    await complete(completed, '{"n":2}');
    expect((await stream.until(2)).at(-1)).toBe(`${completed} COMPLETED`);
    const last = stream.answers.at(-1)?.result;
    expect(last?.case === "token" && Buffer.from(last.value.data?.data ?? []).toString()).toBe('{"n":2}');
    const ref = { environmentId: environment.id, tokenId: timedOut };
    await server.postgres.query({ name: "", text: "UPDATE wait_tokens SET timeout_time = now() WHERE id = $1" }, [
      timedOut,
    ]);
    server.announceTokens.ended(await timeOutTokens(server.postgres, [ref]));
    expect((await stream.until(3)).at(-1)).toBe(`${timedOut} TIMED_OUT`);
  });

  it("answers what cannot be found, or is no id, alone", async () => {
    const tokenId = await create();
    call.send({ tokenIds: ["token_none", "token_>", tokenId] });
    expect((await stream.until(2)).toSorted()).toEqual(["token_> FIELD_INVALID", "token_none TOKEN_NOT_FOUND"]);
    await complete(tokenId);
    expect((await stream.until(3)).at(-1)).toBe(`${tokenId} COMPLETED`);
  });

  it("answers a token once, however often it is named, and ends when all is answered", async () => {
    const tokenId = await create();
    call.send({ tokenIds: [tokenId, tokenId] });
    call.send({ tokenIds: [tokenId] });
    call.end();
    await complete(tokenId);
    expect(await stream.rest()).toEqual([`${tokenId} COMPLETED`]);
  });

  it("loses nothing between naming and completing", async () => {
    const tokenIds = await Promise.all(Array.from({ length: 100 }, () => create()));
    const ends = tokenIds.map((tokenId) => {
      call.send({ tokenIds: [tokenId] });
      return complete(tokenId);
    });
    await Promise.all(ends);
    expect((await stream.until(100)).toSorted()).toEqual(tokenIds.map((id) => `${id} COMPLETED`).toSorted());
  });

  it("finds an end that no notice told of after some seconds (I9)", async () => {
    const tokenId = await create();
    call.send({ tokenIds: [tokenId, "token_none"] });
    await stream.until(1);
    await completeSilently(tokenId);
    await clock.advance(12_000);
    expect((await stream.until(2)).at(-1)).toBe(`${tokenId} COMPLETED`);
  });

  it("answers with data that is too large to be sent together", async () => {
    const text = `"${"x".repeat(3 * 1024 * 1024 - 2)}"`;
    const tokenIds = await Promise.all(Array.from({ length: 5 }, () => create()));
    for (const tokenId of tokenIds) await complete(tokenId, text);
    call.send({ tokenIds });
    call.end();
    expect((await stream.rest()).toSorted()).toEqual(tokenIds.map((id) => `${id} COMPLETED`).toSorted());
    for (const { result } of stream.answers)
      expect(result.case === "token" && result.value.data?.data.byteLength).toBe(text.length);
  });

  it("refuses more than 10,000 unanswered tokens one by one, and stops listening when the caller leaves", async () => {
    await server.postgres.query(
      {
        name: "",
        text: `INSERT INTO wait_tokens (environment_id, id, status, secret_hash, tags, create_time)
          SELECT $1, 'token_many' || n, 'PENDING', sha256(''), '{}', now() FROM generate_series(1, 10050) n`,
      },
      [environment.id],
    );
    const tokenIds = Array.from({ length: 10_050 }, (_, index) => `token_many${index + 1}`);
    for (let start = 0; start < tokenIds.length; start += 1_000)
      call.send({ tokenIds: tokenIds.slice(start, start + 1_000) });
    const answers = await stream.until(50);
    expect(new Set(answers.map((answer) => answer.split(" ")[1]))).toEqual(new Set(["OVERLOADED"]));
    const isListening = () => server.feed.endedTokens.has(tokenKey(environment.id, "token_many1"));
    expect(isListening()).toBe(true);
    call.cancel();
    expect(await reasonOf(stream.rest())).toBe("CALL_ENDED");
    await vi.waitFor(() => expect(isListening()).toBe(false));
  });
});

it.each([0, 1_001])("a message of %i ids ends the stream", async (count) => {
  const call = environment.tokens.awaitTokens();
  call.send({ tokenIds: Array.from({ length: count }, (_, index) => `token_${index}`) });
  expect((await failureOf(call.responses)).violations.map(({ field }) => field)).toEqual(["token_ids"]);
});

describe("two replicas", () => {
  let nats: FakeNats;
  let there: ReturnType<typeof createReplica>;
  let here: ReturnType<typeof createReplica>;

  function createReplica() {
    const feed = createFeed();
    const hints = createTokenHints({ nats, db: server.postgres, feed, logger });
    return { feed, hints, announceTokens: createTokenAnnouncer(feed, hints), db: server.postgres };
  }

  beforeEach(async () => {
    nats = createFakeNats();
    nats.publish = (subject, data) => {
      if (nats.connected) nats.deliver({ subject, data });
      return nats.connected;
    };
    [here, there] = [createReplica(), createReplica()];
    await Promise.all([here.hints.start(), there.hints.start()]);
    return () => Promise.all([here.hints.stop(), there.hints.stop()]);
  });

  async function* waitHere(tokenId: string, stop: AbortSignal) {
    const reader = createTokenReader(server.postgres);
    const requests = (async function* () {
      yield { $typeName: "windlass.v1.AwaitTokensRequest" as const, tokenIds: [tokenId] };
      await Promise.resolve();
    })();
    const options = { feed: here.feed, reader, clock };
    for await (const results of awaitTokens(options, environment.id, requests, stop)) yield { results };
  }
  const completeThere = (tokenId: string) =>
    completeToken(
      there,
      { environmentId: environment.id, tokenId },
      { ...content("1"), contentType: "application/json" },
    );

  it("a token completed at the one is told by the other at once", async () => {
    const tokenId = await create();
    const answered = collect(waitHere(tokenId, AbortSignal.timeout(10_000))).rest();
    await vi.waitFor(() => expect(here.feed.endedTokens.has(tokenKey(environment.id, tokenId))).toBe(true));
    await completeThere(tokenId);
    expect(await answered).toEqual([`${tokenId} COMPLETED`]);
  });

  it("also with NATS down, within seconds (I9)", async () => {
    nats.connected = false;
    const tokenId = await create();
    const answered = collect(waitHere(tokenId, AbortSignal.timeout(10_000))).rest();
    await vi.waitFor(() => expect(here.feed.endedTokens.has(tokenKey(environment.id, tokenId))).toBe(true));
    await completeThere(tokenId);
    await clock.timersPending(1);
    await clock.advance(12_000);
    expect(await answered).toEqual([`${tokenId} COMPLETED`]);
  });

  it("the timeout of a token made at the one is told to the scheduler at the other", async () => {
    const watched = here.feed.due.subscribe(10);
    const tokenId = await create(60_000);
    there.announceTokens.timed({ environmentId: environment.id, tokenId }, 60_000);
    for await (const [item] of watched) {
      expect(item?.item).toMatchObject({ case: "token", value: { environmentId: environment.id, tokenId } });
      expect(Number(item?.dueInMs)).toBeGreaterThan(50_000);
      break;
    }
  });
});

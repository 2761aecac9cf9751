import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type Content, type Token, TokenStatus } from "@windlass/proto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { timeOutTokens } from "../store/time-out-tokens.ts";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";

let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer();
});
beforeEach(async () => {
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

const json = (text: string): Content => ({
  $typeName: "windlass.v1.Content",
  data: Buffer.from(text),
  contentType: "application/json",
});

const create = async (request: Parameters<typeof environment.tokens.createToken>[0] = {}): Promise<Token> => {
  const { token } = await environment.tokens.createToken(request);
  if (token === undefined) throw new Error("no token");
  return token;
};
const complete = async (tokenId: string, text = '"done"') =>
  (await environment.tokens.completeToken({ tokenId, data: json(text) })).token;
const get = async (tokenId: string) => (await environment.tokens.getToken({ tokenId })).token;
const dataOf = (token: Token | undefined) =>
  token?.data === undefined ? undefined : Buffer.from(token.data.data).toString();
/** As if so much time had passed. */
const age = (tokenId: string) =>
  server.postgres.query(
    { name: "", text: "UPDATE wait_tokens SET timeout_time = now() - interval '1 second' WHERE id = $1" },
    [tokenId],
  );
const timeOut = (tokenId: string) => timeOutTokens(server.postgres, [{ environmentId: environment.id, tokenId }]);

describe("a token", () => {
  it("is made pending, with its labels and its timeout, and can be read", async () => {
    const token = await create({ timeout: durationFromMs(60_000), tags: ["a", "b"], idempotencyKey: "key" });
    expect(token.id).toMatch(/^token_[0-9a-z]{26}$/);
    expect(token).toMatchObject({ status: TokenStatus.PENDING, tags: ["a", "b"], idempotencyKey: "key" });
    expect(Number(token.timeoutTime?.seconds) - Number(token.createTime?.seconds)).toBe(60);
    expect(token.finishTime).toBeUndefined();
    expect(await get(token.id)).toEqual(token);
    expect((await create()).timeoutTime).toBeUndefined();
  });

  it("is completed once: the first data stays, and a later completion is answered with it", async () => {
    const { id } = await create();
    const first = await complete(id, '{"approved":true}');
    expect(first).toMatchObject({ id, status: TokenStatus.COMPLETED });
    expect(first?.finishTime).toBeDefined();
    expect(dataOf(first)).toBe('{"approved":true}');
    expect(await complete(id, '{"approved":false}')).toEqual(first);
    expect(await get(id)).toEqual(first);
  });

  it("can be completed with nothing", async () => {
    const { id } = await create();
    expect((await environment.tokens.completeToken({ tokenId: id })).token?.status).toBe(TokenStatus.COMPLETED);
    expect((await get(id))?.data).toBeUndefined();
  });

  it("of an unknown id is TOKEN_NOT_FOUND", async () => {
    expect(await reasonOf(get("token_none"))).toBe("TOKEN_NOT_FOUND");
    expect(await reasonOf(complete("token_none"))).toBe("TOKEN_NOT_FOUND");
  });

  it("completed by many at the same time has one data, which all are told", async () => {
    const { id } = await create();
    const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => complete(id, `${index}`)));
    expect(new Set(answers.map(dataOf)).size).toBe(1);
    expect(dataOf(await get(id))).toBe(dataOf(answers[0]));
  });

  it("takes 3 MB of JSON and not more, and nothing that is no JSON", async () => {
    const { id } = await create();
    for (const text of [`"${"x".repeat(3 * 1024 * 1024)}"`, "{", ""])
      expect((await failureOf(complete(id, text))).violations.map(({ field }) => field)).toEqual(["data.data"]);
    const largest = `"${"x".repeat(3 * 1024 * 1024 - 2)}"`;
    expect(dataOf(await complete(id, largest))).toBe(largest);
  });

  it("has a url with its own secret, told once", async () => {
    const made = await environment.tokens.createToken({ idempotencyKey: "again" });
    const other = await environment.tokens.createToken({});
    const secretOf = (url: string) => new URL(url).searchParams.get("secret") ?? "";
    expect(made.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/tokens\/token_\w+\/complete\?secret=env_\w+\.[\w-]{32}$/);
    expect(secretOf(made.url)).not.toBe(secretOf(other.url));
    const rows = await server.postgres.query<{ row: string }>({
      name: "",
      text: "SELECT row_to_json(t)::text AS row FROM wait_tokens t",
    });
    expect(JSON.stringify(rows)).not.toContain(secretOf(made.url).split(".")[1]);
    expect((await environment.tokens.createToken({ idempotencyKey: "again" })).url).toBe("");
  });
});

describe("one idempotency key is one token", () => {
  it("in one environment, also when several ask at the same time", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => environment.tokens.createToken({ idempotencyKey: "one" })),
    );
    expect(new Set(answers.map(({ token }) => token?.id)).size).toBe(1);
    expect(answers.filter(({ isCached }) => !isCached)).toHaveLength(1);
    const other = await server.createEnvironment();
    expect((await other.tokens.createToken({ idempotencyKey: "one" })).isCached).toBe(false);
  });

  it("and is given as it is now, with its data when it is completed", async () => {
    const { id } = await create({ idempotencyKey: "one" });
    await complete(id);
    const again = await environment.tokens.createToken({ idempotencyKey: "one", timeout: durationFromMs(1) });
    expect(again.token).toEqual(await get(id));
  });
});

describe("a token's timeout", () => {
  it("ends it when its time has come, and not before", async () => {
    const { id } = await create({ timeout: durationFromMs(60_000) });
    expect(await timeOut(id)).toEqual([]);
    await age(id);
    expect(await timeOut(id)).toEqual([{ environmentId: environment.id, tokenId: id }]);
    const ended = await get(id);
    expect(ended).toMatchObject({ status: TokenStatus.TIMED_OUT });
    expect(await timeOut(id)).toEqual([]);
    expect(await complete(id)).toEqual(ended);
  });

  it("does nothing to one that is completed", async () => {
    const { id } = await create({ timeout: durationFromMs(60_000) });
    const completed = await complete(id);
    await age(id);
    expect(await timeOut(id)).toEqual([]);
    expect((await get(id))?.status).toBe(completed?.status);
  });

  it("counts by the clock: who completes it later, though nobody has timed it out yet, is too late", async () => {
    const { id } = await create({ timeout: durationFromMs(60_000) });
    await age(id);
    expect(await complete(id)).toMatchObject({ status: TokenStatus.TIMED_OUT });
    expect((await get(id))?.data).toBeUndefined();
  });

  it("and a completion at the same time: exactly one of them ends it", async () => {
    for (let round = 0; round < 20; round += 1) {
      const { id } = await create({ timeout: durationFromMs(3) });
      const [, timedOut] = await Promise.all([complete(id), timeOut(id)]);
      const late = await timeOut(id);
      const ended = await get(id);
      expect(ended?.status === TokenStatus.COMPLETED).toBe(ended?.data !== undefined);
      expect(ended?.status).not.toBe(TokenStatus.PENDING);
      const timeouts = timedOut.length + late.length;
      expect(timeouts === 0 || (timeouts === 1 && ended?.status === TokenStatus.TIMED_OUT)).toBe(true);
    }
  });
});

describe("tokens are listed", () => {
  it("newest first, without data, over pages", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const { id } = await create();
      await complete(id);
      ids.unshift(id);
    }
    ids.sort((a, b) => (a < b ? 1 : -1));
    const listed: Token[] = [];
    let pageToken = "";
    do {
      const page = await environment.tokens.listTokens({ pageSize: 2, pageToken });
      listed.push(...page.tokens);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(listed.map(({ id }) => id)).toEqual(ids);
    expect(listed.every(({ data, status }) => data === undefined && status === TokenStatus.COMPLETED)).toBe(true);
  });

  it("with a page token of this list only", async () => {
    expect(await reasonOf(environment.tokens.listTokens({ pageToken: "bm9uZQ" }))).toBe("FIELD_INVALID");
    expect(await reasonOf(environment.tokens.listTokens({ pageSize: 1_001 }))).toBe("FIELD_INVALID");
  });
});

it.each([
  ["timeout", { timeout: durationFromMs(0) }],
  ["timeout", { timeout: durationFromMs(-1) }],
  ["timeout", { timeout: durationFromMs(366 * 86_400_000) }],
  ["idempotency_key", { idempotencyKey: "x".repeat(513) }],
  ["tags", { tags: Array.from({ length: 11 }, () => "x") }],
  ["tags[0]", { tags: [""] }],
])("a wrong %s is refused", async (field, request) => {
  const failure = await failureOf(environment.tokens.createToken(request));
  expect(failure.violations.map((violation) => violation.field)).toEqual([field]);
});

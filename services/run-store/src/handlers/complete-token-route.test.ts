import { TokenStatus } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";

let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer();
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

async function create() {
  const { token, url } = await environment.tokens.createToken({});
  return { id: token?.id ?? "", url };
}
const post = (url: string, body: string | Uint8Array<ArrayBuffer> = "", contentType = "application/json") =>
  fetch(url, { method: "POST", body, headers: { "content-type": contentType } });
const answerOf = async (response: Response) => [response.status, await response.json()] as const;
const reasonOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { reason: string; message: string } };
  expect(error.message).not.toBe("");
  return `${response.status} ${error.reason}`;
};
const stored = async (id: string) => {
  const { token } = await environment.tokens.getToken({ tokenId: id });
  const { status, data } = token ?? {};
  return { status, data: data && Buffer.from(data.data).toString(), type: data?.contentType };
};

describe("a POST on a token's url", () => {
  it("completes it with the body, and needs no other credential", async () => {
    const { id, url } = await create();
    expect(await answerOf(await post(url, '{"approved":true}'))).toEqual([200, { id, status: "COMPLETED" }]);
    expect(await stored(id)).toEqual({
      status: TokenStatus.COMPLETED,
      data: '{"approved":true}',
      type: "application/json",
    });
  });

  it("tells whoever waits", async () => {
    const { id, url } = await create();
    const call = environment.tokens.awaitTokens();
    call.send({ tokenIds: [id] });
    call.end();
    await post(url, "1");
    const [message] = await Array.fromAsync(call.responses);
    expect(message?.results.map(({ tokenId, result }) => [tokenId, result.case])).toEqual([[id, "token"]]);
  });

  it("a second time answers 200 and changes nothing", async () => {
    const { id, url } = await create();
    await post(url, "1");
    expect(await answerOf(await post(url, "2"))).toEqual([200, { id, status: "COMPLETED" }]);
    expect((await stored(id)).data).toBe("1");
  });

  it("without a body completes it with nothing, and JSON of any other name is JSON", async () => {
    const [empty, form, rich] = [await create(), await create(), await create()];
    await post(empty.url);
    await post(form.url, "[1]", "application/x-www-form-urlencoded");
    await post(rich.url, '{"json":1}', "application/super+json; charset=utf-8");
    expect(await stored(empty.id)).toEqual({ status: TokenStatus.COMPLETED, data: undefined, type: undefined });
    expect(await stored(form.id)).toMatchObject({ data: "[1]", type: "application/json" });
    expect(await stored(rich.id)).toMatchObject({ data: '{"json":1}', type: "application/super+json" });
  });

  it("with a body that is no JSON is refused, and the token stays", async () => {
    const { id, url } = await create();
    for (const body of ["{", "a=1", new Uint8Array([0xff])])
      expect(await reasonOf(await post(url, body))).toBe("400 FIELD_INVALID");
    expect((await stored(id)).status).toBe(TokenStatus.PENDING);
  });

  it("takes 3 MB and not more", async () => {
    const { id, url } = await create();
    expect(await reasonOf(await post(url, `"${"x".repeat(3 * 1024 * 1024)}"`))).toBe("413 FIELD_INVALID");
    expect((await stored(id)).status).toBe(TokenStatus.PENDING);
    expect((await post(url, `"${"x".repeat(3 * 1024 * 1024 - 2)}"`)).status).toBe(200);
  });

  it("with another secret, or none, is 404 as for a token that is none", async () => {
    const { id, url } = await create();
    const other = await create();
    const secret = new URL(url).searchParams.get("secret") ?? "";
    const wrong = `${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`;
    const foreign = `${(await server.createEnvironment()).id}.${secret.split(".")[1]}`;
    const origin = new URL(url).origin;
    for (const query of ["", "?secret=", `?secret=${wrong}`, `?secret=${foreign}`, `?secret=${secret}x`, "?secret=a.b"])
      expect([query, await reasonOf(await post(`${origin}/v1/tokens/${id}/complete${query}`))]).toEqual([
        query,
        "404 TOKEN_NOT_FOUND",
      ]);
    expect(await reasonOf(await post(`${origin}/v1/tokens/${other.id}/complete?secret=${secret}`))).toBe(
      "404 TOKEN_NOT_FOUND",
    );
    expect(await reasonOf(await post(`${origin}/v1/tokens/token_none/complete?secret=${secret}`))).toBe(
      "404 TOKEN_NOT_FOUND",
    );
    expect((await stored(id)).status).toBe(TokenStatus.PENDING);
  });

  it("and nothing but a POST, and no other path", async () => {
    const { url } = await create();
    const response = await fetch(url);
    expect(response.headers.get("allow")).toBe("POST");
    expect(await reasonOf(response)).toBe("405 METHOD_UNKNOWN");
    expect(await reasonOf(await post(new URL("/v1/tokens", url).href))).toBe("404 METHOD_UNKNOWN");
  });
});

import { createFakeClock } from "@windlass/chassis";
import { describe, expect, it } from "vitest";
import { failureOf } from "../testing/failure-of.ts";
import { signPayload, signPublicToken } from "../testing/sign-public-token.ts";
import { createApiKeySecret, hashSecret } from "./api-key.ts";
import { createApiKeyLookup } from "./api-key-lookup.ts";
import { createPublicAccess, type KeyReference } from "./public-access.ts";

const API_KEY = createApiKeySecret("prod");
const HASH = hashSecret(API_KEY);

function opened() {
  const clock = createFakeClock();
  const working = new Set([HASH.toString("hex")]);
  const asked: KeyReference[] = [];
  const apiKeys = createApiKeyLookup({
    clock,
    find: (hash) => Promise.resolve(working.has(hash.toString("hex")) ? "env_1" : undefined),
  });
  const access = createPublicAccess({
    clock,
    apiKeys,
    findKeyHash: (key) => {
      asked.push(key);
      return Promise.resolve(key.environmentSlug === "prod" ? HASH : undefined);
    },
  });
  const refusalOf = async (token: string) => (await failureOf(access.identify(token))).message;
  return { access, apiKeys, asked, clock, refusalOf, working, nowS: Math.floor(clock.nowMs() / 1_000) };
}

it("opens the runs that it names, in the environment of the key that has signed it", async () => {
  const { access, nowS } = opened();
  const token = signPublicToken(API_KEY, ["run_1", "run_2"], { expireTime: nowS + 60 });
  expect(await access.identify(token)).toEqual({
    kind: "public",
    environmentId: "env_1",
    runIds: new Set(["run_1", "run_2"]),
  });
});

it("looks its key up once, and then asks only whether it works", async () => {
  const { access, asked, nowS } = opened();
  for (const runId of ["run_1", "run_2", "run_3"])
    await access.identify(signPublicToken(API_KEY, [runId], { expireTime: nowS + 60 }));
  expect(asked).toHaveLength(1);
  expect(asked[0]?.environmentSlug).toBe("prod");
  expect(asked[0]?.fingerprint).toHaveLength(12);
});

it("expires", async () => {
  const { access, clock, refusalOf, nowS } = opened();
  const token = signPublicToken(API_KEY, ["run_1"], { expireTime: nowS + 60 });
  await clock.advance(59_000);
  await access.identify(token);
  await clock.advance(1_000);
  expect(await refusalOf(token)).toContain(`expired at ${new Date((nowS + 60) * 1_000).toISOString()}`);
});

it("ends with its key, at once where that was revoked", async () => {
  const { access, apiKeys, refusalOf, nowS, working } = opened();
  const token = signPublicToken(API_KEY, ["run_1"], { expireTime: nowS + 60 });
  await access.identify(token);
  working.clear();
  apiKeys.forget(HASH);
  expect(await refusalOf(token)).toContain("its key was revoked");
});

describe("is refused when it was forged:", () => {
  const { refusalOf, nowS } = opened();
  const expireTime = nowS + 60;
  const token = signPublicToken(API_KEY, ["run_1"], { expireTime });
  const [signed = "", signature = ""] = token.split(".");
  const other = signPublicToken(API_KEY, ["run_2"], { expireTime }).split(".");

  it.each([
    ["signed with another key", signPayload(`${API_KEY}x`, JSON.parse(payloadOf(token)))],
    ["another token's signature", `${other[0]}.${signature}`],
    ["a signature one character off", `${signed}.${signature[0] === "A" ? "B" : "A"}${signature.slice(1)}`],
    ["a signature written otherwise", `${signed}.${signature}=`],
    ["no signature", `${signed}.`],
    ["of an environment that is not there", signPublicToken(API_KEY, ["run_1"], { expireTime, environment: "dev" })],
  ])("%s", async (_, forged) => {
    expect(await refusalOf(forged)).toContain("it is forged, or its key was revoked");
  });
});

describe("is damaged:", () => {
  const { refusalOf, nowS } = opened();
  const expireTime = nowS + 60;
  const token = signPublicToken(API_KEY, ["run_1"], { expireTime });
  const payload = JSON.parse(payloadOf(token)) as object;
  const everything = Array.from({ length: 101 }, (_, index) => `run_${index}`);

  it.each([
    ["cut off", token.slice(0, 30)],
    ["nothing but a prefix", "wlp_"],
    ["a part too many", `${token}.x`],
    ["no JSON", `wlp_${"A".repeat(40)}.x`],
    ["no run", signPublicToken(API_KEY, [], { expireTime })],
    ["more than 100 runs", signPublicToken(API_KEY, everything, { expireTime })],
    ["longer than 8 kB", `${token}${"x".repeat(8_192)}`],
    ["a scope that there is not", signPayload(API_KEY, { ...payload, scopes: { write: { runs: ["run_1"] } } })],
    ["a field that there is not", signPayload(API_KEY, { ...payload, admin: true })],
    ["no time of its end", signPayload(API_KEY, { ...payload, expireTime: undefined })],
    ["a time that is none", signPayload(API_KEY, { ...payload, expireTime: 1e300 })],
  ])("%s", async (_, damaged) => {
    expect(await refusalOf(damaged)).toContain("damaged, or was cut off");
  });
});

/** The client's own tests say the same of these: both sides mean one format. */
it("of a known key is known to the last character", async () => {
  const apiKey = `wl_prod_${"A".repeat(32)}`;
  const token = signPublicToken(apiKey, ["run_1"], { expireTime: 2_000_000_000 });
  expect(payloadOf(token)).toBe(
    '{"environment":"prod","key":"AviGIzrQlzSnzPqD","scopes":{"read":{"runs":["run_1"]}},"expireTime":2000000000}',
  );
  expect(token.split(".")[1]).toBe("9asp1YWMfEc9Xshw1aiUzv3aQFlinFhsSlby8Et8_ds");
});

function payloadOf(token: string): string {
  return Buffer.from(token.split(".")[0]!.slice("wlp_".length), "base64url").toString();
}

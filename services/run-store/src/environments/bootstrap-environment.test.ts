import { createLogger, systemClock } from "@windlass/chassis";
import { EnvironmentType } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStoreServer, type StoreServer } from "../testing/store-server.ts";
import { bootstrapEnvironment, parseBootstrap } from "./bootstrap-environment.ts";

const API_KEY = `wl_dev_${"a1".repeat(16)}`;
const logger = createLogger({ service: "test", level: "error" });
let server: StoreServer;

beforeAll(async () => {
  server = await startStoreServer();
});
afterAll(() => server.stop());

const bootstrap = (environment: string, apiKey: string) =>
  bootstrapEnvironment({ postgres: server.postgres, clock: systemClock, logger }, parseBootstrap(environment, apiKey));

describe("the bootstrap environment", () => {
  it("exists with its key after any number of starts, also at once", async () => {
    await Promise.all(Array.from({ length: 4 }, () => bootstrap("dev:development:proj_1", API_KEY)));
    await bootstrap("dev:development:proj_1", API_KEY);
    const { environment } = await server.connect(API_KEY).environments.getEnvironment({});
    expect(environment).toMatchObject({ slug: "dev", type: EnvironmentType.DEVELOPMENT, project: "proj_1" });
    const { apiKeys } = await server.connect(API_KEY).environments.listApiKeys({});
    expect(apiKeys.map(({ name, lastFour }) => [name, lastFour])).toEqual([["bootstrap", "a1a1"]]);
  });

  it("keeps its type and project, and gets a second key when another is given", async () => {
    const other = `wl_dev_${"b2".repeat(16)}`;
    await bootstrap("dev:production:other", other);
    const { environment } = await server.connect(other).environments.getEnvironment({});
    expect(environment).toMatchObject({ type: EnvironmentType.DEVELOPMENT, project: "proj_1" });
  });

  it("does not bring a revoked key back", async () => {
    const key = `wl_gone_${"c3".repeat(16)}`;
    await bootstrap("gone:staging:p", key);
    const { environments } = server.connect(key);
    const [apiKey] = (await environments.listApiKeys({})).apiKeys;
    await environments.revokeApiKey({ apiKeyId: apiKey?.id ?? "" });
    await bootstrap("gone:staging:p", key);
    await expect(environments.getEnvironment({})).rejects.toThrow("credential");
  });
});

it.each([
  ["dev", API_KEY, "slug:type:project"],
  ["dev:production", API_KEY, "project"],
  ["dev:cloud:p", API_KEY, "slug:type:project"],
  ["Dev:staging:p", API_KEY, "slug"],
  ["dev:staging:p:q", API_KEY, "slug:type:project"],
  ["dev:staging:p", "wl_other_aaaa", "the API key must be"],
  ["other:staging:p", API_KEY, "the API key must be"],
])("refuses %j with %j, and does not repeat the key", (environment, apiKey, message) => {
  let refusal: unknown;
  try {
    parseBootstrap(environment, apiKey);
  } catch (error) {
    refusal = error;
  }
  expect(String(refusal)).toContain(message);
  expect(String(refusal)).not.toContain(apiKey);
});

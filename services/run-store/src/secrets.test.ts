// The whole service, started again and again with other keys, on one database.
import { EnvironmentService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/kit/test-database.ts";
import { createRunStore } from "./service.ts";

const API_KEY = `wl_dev_${"A".repeat(32)}`;
const [oldKey, newKey] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString("base64")) as [string, string];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Starts a run-store with these keys, changes variables if there are any, reads all of them, and stops it. */
async function serve(keys: string[], variables: Record<string, string> = {}): Promise<Record<string, string>> {
  const runStore = createRunStore({
    WINDLASS_LOG_LEVEL: "error",
    WINDLASS_INTERNAL_TOKEN: "internal-token-for-tests",
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    WINDLASS_DRAIN_TIMEOUT_MS: 1_000,
    WINDLASS_EXIT_WITH_PARENT: "0",
    WINDLASS_LISTEN: "127.0.0.1:0",
    WINDLASS_HTTP_LISTEN: "127.0.0.1:0",
    WINDLASS_PUBLIC_HTTP_URL: undefined,
    DATABASE_URL: database.url,
    NATS_URL: undefined,
    WINDLASS_ADMIN_TOKEN: undefined,
    WINDLASS_SECRETS_KEYS: keys,
    WINDLASS_BOOTSTRAP_ENVIRONMENT: undefined,
    WINDLASS_BOOTSTRAP_API_KEY: undefined,
    bootstrap: { environment: { slug: "dev", type: "DEVELOPMENT", project: "proj" }, apiKey: API_KEY },
  });
  await runStore.start();
  const channel = createChannel(runStore.address, { token: API_KEY });
  try {
    const environments = createClient(EnvironmentService, channel);
    await environments.setVariables({ variables });
    return (await environments.listVariables({ withSecretValues: true })).variables;
  } finally {
    channel.close();
    await runStore.stop();
  }
}

it("keys are rotated by three restarts: added, moved to the front, the old one taken away", async () => {
  expect(await serve([oldKey], { A: "1", B: "2" })).toEqual({ A: "1", B: "2" });
  expect(await serve([oldKey, newKey], { B: "3" })).toEqual({ A: "1", B: "3" });
  expect(await serve([newKey, oldKey])).toEqual({ A: "1", B: "3" });
  expect(await serve([newKey])).toEqual({ A: "1", B: "3" });
});

it("one that lacks a key that variables need does not start, and nothing is lost", async () => {
  expect(await serve([newKey], { A: "1" })).toMatchObject({ A: "1" });
  await expect(serve([oldKey], { A: "2" })).rejects.toThrow("WINDLASS_SECRETS_KEYS lacks keys");
  expect(await serve([newKey])).toMatchObject({ A: "1" });
});

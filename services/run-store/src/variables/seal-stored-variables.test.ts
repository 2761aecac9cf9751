import { createLogger } from "@windlass/chassis";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { SECRETS_KEY, startStoreServer, type StoreServer, type TestEnvironment } from "../testing/store-server.ts";
import { readVariables } from "./read-variables.ts";
import { sealStoredVariables } from "./seal-stored-variables.ts";
import { createSecretsKeyring, type SecretsKeyring } from "./secrets-keyring.ts";

const NEW_KEY = Buffer.alloc(32, "new").toString("base64");
const logger = createLogger({ service: "test", level: "error" });
let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer();
});
beforeEach(async () => {
  await server.postgres.query({ name: "clear_variables", text: "DELETE FROM environment_variables" }, []);
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

const start = (keyring: SecretsKeyring) => sealStoredVariables({ postgres: server.postgres, keyring, logger });
const keysUsed = async () => {
  const rows = await server.postgres.query<{ key_id: string | null }>(
    { name: "keys_used", text: "SELECT DISTINCT key_id FROM environment_variables" },
    [],
  );
  return rows.map(({ key_id: keyId }) => keyId);
};
const valuesBy = async (keyring: SecretsKeyring) =>
  (await readVariables({ db: server.postgres, keyring }, environment.id, true)).values;

it("a new first key takes over at the next start: then the old one can be taken away", async () => {
  const variables = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`V${index}`, `value ${index}`]));
  await environment.environments.setVariables({ variables });
  const both = createSecretsKeyring([NEW_KEY, SECRETS_KEY]);
  expect(await valuesBy(both)).toEqual(variables);
  await start(both);
  expect(await keysUsed()).toEqual([both.currentKeyId]);
  const onlyNew = createSecretsKeyring([NEW_KEY]);
  await start(onlyNew);
  expect(await valuesBy(onlyNew)).toEqual(variables);
});

it("two replicas that start at once seal everything, once", async () => {
  const variables = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`V${index}`, `value ${index}`]));
  await environment.environments.setVariables({ variables });
  const both = createSecretsKeyring([NEW_KEY, SECRETS_KEY]);
  await Promise.all([start(both), start(both)]);
  expect(await keysUsed()).toEqual([both.currentKeyId]);
  expect(await valuesBy(createSecretsKeyring([NEW_KEY]))).toEqual(variables);
});

it("what was stored before there was encryption is sealed, and nothing of it is left in its row", async () => {
  const insert =
    "INSERT INTO environment_variables (environment_id, name, value) VALUES ($1, 'OLD', 'old plain value')";
  await server.postgres.query({ name: "insert_plain", text: insert }, [environment.id]);
  const keyring = createSecretsKeyring([SECRETS_KEY]);
  expect(await valuesBy(keyring)).toEqual({ OLD: "old plain value" });
  await start(keyring);
  const text = "SELECT value, encode(sealed, 'escape') AS sealed FROM environment_variables";
  const rows = await server.postgres.query<{ value: string | null; sealed: string }>({ name: "raw", text }, []);
  expect(rows).toEqual([{ value: null, sealed: expect.not.stringContaining("plain") }]);
  expect(await valuesBy(keyring)).toEqual({ OLD: "old plain value" });
});

it("a start without a key that variables need is refused, and names the key and how many", async () => {
  await environment.environments.setVariables({ variables: { A: "1", B: "2" } });
  const needed = createSecretsKeyring([SECRETS_KEY]).currentKeyId;
  await expect(start(createSecretsKeyring([NEW_KEY]))).rejects.toThrow(
    `WINDLASS_SECRETS_KEYS lacks keys that stored variables are encrypted with: ${needed} (2 variables)`,
  );
});

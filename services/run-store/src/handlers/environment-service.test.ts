import { createFakeClock } from "@windlass/chassis";
import { EnvironmentType } from "@windlass/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashSecret } from "../auth/api-key.ts";
import { createApiKey } from "../environments/create-api-key.ts";
import { getEnvironment } from "../environments/get-environment.ts";
import { upsertSupervisor } from "../store/upsert-supervisor.ts";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { createRunSeeder } from "../testing/seed-runs.ts";
import {
  ADMIN_TOKEN,
  INTERNAL_TOKEN,
  startStoreServer,
  type StoreServer,
  type TestEnvironment,
} from "../testing/store-server.ts";
import { uploadMessages } from "../testing/upload.ts";

const clock = createFakeClock(Date.now());
let server: StoreServer;
let environment: TestEnvironment;

beforeAll(async () => {
  server = await startStoreServer({ clock });
  environment = await server.createEnvironment();
});
afterAll(() => server.stop());

const newEnvironment = (slug: string) => ({ slug, type: EnvironmentType.STAGING, project: "proj_1" });

describe("an environment", () => {
  it("is made by the admin, and read with its key", async () => {
    const made = await server.connect(ADMIN_TOKEN).environments.createEnvironment(newEnvironment("staging"));
    expect(made.environment).toMatchObject({ slug: "staging", type: EnvironmentType.STAGING, project: "proj_1" });
    expect(made.environment?.id).toMatch(/^env_[0-9a-z]{26}$/);
    expect(made.apiKey).toMatch(/^wl_staging_[A-Za-z0-9]{32}$/);
    const read = await server.connect(made.apiKey).environments.getEnvironment({});
    expect(read.environment).toEqual(made.environment);
  });

  it("tells how many supervisors there are, by how they confine workers", async () => {
    const { environments } = server.connect(environment.apiKey);
    expect((await environments.getEnvironment({})).supervisorsByTier).toEqual({});
    const supervisor = (id: string, sandboxTier: string) => ({
      id,
      hostname: "host",
      sandboxTier,
      ttlMs: 60_000,
      capacity: null,
      release: "",
    });
    await upsertSupervisor(server.postgres, supervisor("sup_tier1", "runsc"));
    await upsertSupervisor(server.postgres, supervisor("sup_tier2", "runsc"));
    await upsertSupervisor(server.postgres, supervisor("sup_tier3", "process"));
    expect((await environments.getEnvironment({})).supervisorsByTier).toEqual({ runsc: 2, process: 1 });
  });

  it("has a slug of its own", async () => {
    const { environments } = server.connect(ADMIN_TOKEN);
    const attempts = await Promise.allSettled(
      Array.from({ length: 5 }, () => environments.createEnvironment(newEnvironment("wanted"))),
    );
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await reasonOf(environments.createEnvironment(newEnvironment("wanted")))).toBe("ENVIRONMENT_EXISTS");
  });

  it("that is not there is ENVIRONMENT_NOT_FOUND", async () => {
    expect(await reasonOf(getEnvironment(server.postgres, "env_none"))).toBe("ENVIRONMENT_NOT_FOUND");
    expect(await reasonOf(createApiKey({ postgres: server.postgres, clock }, "env_none", "key"))).toBe(
      "ENVIRONMENT_NOT_FOUND",
    );
  });

  it("is refused with its wrong fields named", async () => {
    const failure = await failureOf(
      server.connect(ADMIN_TOKEN).environments.createEnvironment({ slug: "Not A Slug", project: "" }),
    );
    expect(failure.violations.map(({ field }) => field)).toEqual(["slug", "project", "type"]);
  });
});

describe("credentials", () => {
  it.each<[string, () => string | undefined, string]>([
    ["none", () => undefined, "API_KEY_INVALID"],
    ["nonsense", () => "nonsense", "API_KEY_INVALID"],
    ["a key that never was", () => `wl_test-1_${"x".repeat(32)}`, "API_KEY_INVALID"],
    ["the admin token", () => ADMIN_TOKEN, "NOT_PERMITTED"],
    ["the internal token", () => INTERNAL_TOKEN, "NOT_PERMITTED"],
  ])("%s do not read an environment", async (_, token, reason) => {
    expect(await reasonOf(server.connect(token()).environments.getEnvironment({}))).toBe(reason);
    expect(await reasonOf(server.connect(token()).runs.watchRun({ runId: "run_1" }))).toBe(reason);
  });

  it("of an environment make no other and do not reach internal calls", async () => {
    expect(await reasonOf(environment.environments.createEnvironment(newEnvironment("other")))).toBe("NOT_PERMITTED");
    expect(await reasonOf(environment.execution.getBundle({ bundleHash: "a".repeat(64) }))).toBe("NOT_PERMITTED");
  });
});

describe("API keys", () => {
  it("are shown once, kept as a hash, and listed newest first", async () => {
    const own = await server.createEnvironment();
    await clock.advance(1);
    const { apiKey, secret } = await own.environments.createApiKey({ name: "Größe 🔑" });
    await clock.advance(1);
    const later = await own.environments.createApiKey({ name: "later" });
    expect(apiKey).toMatchObject({ name: "Größe 🔑", lastFour: secret.slice(-4) });
    expect(secret).toMatch(new RegExp(`^wl_${own.slug}_[A-Za-z0-9]{32}$`));

    const { apiKeys } = await server.connect(secret).environments.listApiKeys({});
    expect(apiKeys.map(({ id }) => id).slice(0, 2)).toEqual([later.apiKey?.id, apiKey?.id]);
    expect(apiKeys.map(({ name }) => name)).toContain("first");
    const stored = await server.postgres.query<{ text: string }>({
      name: "",
      text: "SELECT api_keys::text AS text FROM api_keys",
    });
    expect(stored.some(({ text }) => text.includes(secret) || text.includes(secret.slice(-32)))).toBe(false);
    expect(stored.some(({ text }) => text.includes(hashSecret(secret).toString("hex")))).toBe(true);
  });

  it("stop at once where they were revoked", async () => {
    const own = await server.createEnvironment();
    const { apiKey, secret } = await own.environments.createApiKey({ name: "to go" });
    const client = server.connect(secret).environments;
    await client.getEnvironment({});
    const revoked = await own.environments.revokeApiKey({ apiKeyId: apiKey?.id ?? "" });
    expect(revoked.apiKey?.revokeTime).toBeDefined();
    expect(await reasonOf(client.getEnvironment({}))).toBe("API_KEY_INVALID");
    expect(await own.environments.revokeApiKey({ apiKeyId: apiKey?.id ?? "" })).toEqual(revoked);
  });

  it("stop within 10 s where another replica revoked them, for calls and for open streams", async () => {
    const own = await server.createEnvironment();
    const { apiKey, secret } = await own.environments.createApiKey({ name: "to go" });
    const client = server.connect(secret);
    const seeder = await createRunSeeder(server.postgres, server.feed);
    const runId = await seeder.trigger(own.id);
    const timersBefore = clock.pendingTimers;
    const awaiting = client.runs.awaitRuns();
    const upload = Promise.withResolvers<void>();
    const ended = Promise.all([
      reasonOf(awaiting.responses),
      reasonOf(client.runs.watchRun({ runId })),
      reasonOf(
        client.deployments.createDeployment(
          (async function* messages() {
            yield* uploadMessages(Buffer.from("x")).slice(0, 1);
            await upload.promise;
          })(),
        ),
      ),
    ]);
    awaiting.send({ runIds: [runId] });
    // Each stream confirms its key and waits for something: its turn to look again, or the next message.
    await clock.timersPending(timersBefore + 6);
    await server.postgres.query({ name: "", text: "UPDATE api_keys SET revoke_time = now() WHERE id = $1" }, [
      apiKey?.id,
    ]);
    await clock.advance(10_000);
    expect(await reasonOf(client.environments.getEnvironment({}))).toBe("API_KEY_INVALID");
    expect(await ended).toEqual(["API_KEY_INVALID", "API_KEY_INVALID", "API_KEY_INVALID"]);
    upload.resolve();
  });

  it("of another environment cannot be revoked", async () => {
    const other = await server.createEnvironment();
    const [key] = (await other.environments.listApiKeys({})).apiKeys;
    expect(await reasonOf(environment.environments.revokeApiKey({ apiKeyId: key?.id ?? "" }))).toBe(
      "API_KEY_NOT_FOUND",
    );
    expect(await reasonOf(environment.environments.revokeApiKey({ apiKeyId: "key_none" }))).toBe("API_KEY_NOT_FOUND");
    await other.environments.getEnvironment({});
  });

  it("that work are at most 1,000, and all of them are listed", async () => {
    const own = await server.createEnvironment();
    const fill = {
      name: "",
      text: `INSERT INTO api_keys (id, environment_id, name, hash, last_four, revoke_time)
        SELECT $2 || n, $1, 'n' || n, sha256(($1 || $2 || n)::bytea), '0000', CASE WHEN $3 THEN now() END FROM generate_series(1, $4::int) n`,
    };
    await server.postgres.query(fill, [own.id, "key_0", false, 999]);
    await server.postgres.query(fill, [own.id, "key_z", true, 100]);
    expect(await reasonOf(own.environments.createApiKey({ name: "one more" }))).toBe("OVERLOADED");
    const { apiKeys } = await own.environments.listApiKeys({});
    expect(apiKeys).toHaveLength(1000);
    expect(apiKeys.filter(({ revokeTime }) => revokeTime === undefined)).toHaveLength(1000);
  });
});

import { createFakeClock } from "@windlass/chassis";
import { reasonName } from "@windlass/proto/grpc";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";
import { signPublicToken } from "../testing/sign-public-token.ts";
import type { TestClients, TestEnvironment } from "../testing/store-server.ts";

const clock = createFakeClock();
const { server, seeder, environment: owner } = await shareStoreServer({ clock });
let runId: string;
let otherRunId: string;
let holder: TestClients;

beforeAll(async () => {
  [runId, otherRunId] = [await seeder.trigger(owner.id), await seeder.trigger(owner.id)];
  holder = server.connect(tokenFor([runId]));
});

function tokenFor(runIds: readonly string[], environment: TestEnvironment = owner): string {
  return signPublicToken(environment.apiKey, runIds, { expireTime: nowS() + 3_600 });
}

function nowS(): number {
  return Math.floor(clock.nowMs() / 1_000);
}

async function awaited(clients: TestClients, runIds: readonly string[]): Promise<(string | undefined)[]> {
  const call = clients.runs.awaitRuns();
  call.send({ runIds: [...runIds] });
  call.end();
  const results = (await Array.fromAsync(call.responses)).flatMap((message) => message.results);
  const answerOf = new Map(results.map(({ runId: id, result }) => [id, result]));
  return runIds.map((id) => {
    const result = answerOf.get(id);
    return result?.case === "error" ? reasonName(result.value.reason) : result?.case;
  });
}

async function firstEvents(clients: TestClients, id: string): Promise<number> {
  for await (const { events } of clients.runs.watchRun({ runId: id })) return events.length;
  return 0;
}

describe("a public access token allows reading the runs that it names", () => {
  it("by GetRun", async () => {
    expect((await holder.runs.getRun({ runId })).run?.id).toBe(runId);
  });

  it("by WatchRun", async () => {
    expect(await firstEvents(holder, runId)).toBeGreaterThan(0);
  });

  it("by AwaitRuns", async () => {
    const ended = await seeder.inStatus(owner.id, "COMPLETED");
    expect(await awaited(server.connect(tokenFor([ended])), [ended])).toEqual(["run"]);
  });

  it("up to 100 of them", async () => {
    const others = Array.from({ length: 99 }, (_, index) => `run_${String(index).padStart(26, "0")}`);
    const many = server.connect(tokenFor([...others, runId]));
    expect((await many.runs.getRun({ runId })).run?.id).toBe(runId);
  });
});

describe("and no other run: it cannot be told from none", () => {
  const none = "run_0000000000000000000000none";

  async function answerTo(call: Promise<unknown> | AsyncIterable<unknown>, id: string): Promise<string> {
    const { code, reason, message } = await failureOf(call);
    return JSON.stringify([code, reasonName(reason), message.replaceAll(id, "<id>")]);
  }

  it.each<[string, (id: string) => Promise<unknown> | AsyncIterable<unknown>]>([
    ["GetRun", (id) => holder.runs.getRun({ runId: id })],
    ["WatchRun", (id) => holder.runs.watchRun({ runId: id })],
  ])("by %s", async (_, call) => {
    const answer = await answerTo(call(otherRunId), otherRunId);
    expect(answer).toBe(await answerTo(call(none), none));
    expect(answer).toContain("RUN_NOT_FOUND");
  });

  it("by AwaitRuns, which answers at once and listens for nothing", async () => {
    expect(await awaited(holder, [otherRunId, none])).toEqual(["RUN_NOT_FOUND", "RUN_NOT_FOUND"]);
    expect(server.feed.finished.has(`${owner.id}/${otherRunId}`)).toBe(false);
  });

  it("nor one of another environment, though the token names it", async () => {
    const stranger = await server.createEnvironment();
    const clients = server.connect(tokenFor([runId], stranger));
    expect(await reasonOf(clients.runs.getRun({ runId }))).toBe("RUN_NOT_FOUND");
    expect(await reasonOf(clients.runs.watchRun({ runId }))).toBe("RUN_NOT_FOUND");
    expect(await awaited(clients, [runId])).toEqual(["RUN_NOT_FOUND"]);
  });
});

describe("and nothing else", () => {
  it.each<[string, () => Promise<unknown> | AsyncIterable<unknown>]>([
    ["ListRuns", () => holder.runs.listRuns({})],
    ["CancelRun", () => holder.runs.cancelRun({ runId })],
    ["ReplayRun", () => holder.runs.replayRun({ runId, requestId: "replay" })],
    ["RescheduleRun", () => holder.runs.rescheduleRun({ runId })],
    ["UpdateRun", () => holder.runs.updateRun({ runId, addTags: ["theirs"] })],
    ["TriggerTask", () => holder.tasks.triggerTask({ trigger: { requestId: "r", taskId: "hello" } })],
    ["TriggerTasks", () => holder.tasks.triggerTasks().responses],
    ["CreateToken", () => holder.tokens.createToken({})],
    ["ListTokens", () => holder.tokens.listTokens({})],
    ["ListDeployments", () => holder.deployments.listDeployments({})],
    ["PromoteDeployment", () => holder.deployments.promoteDeployment({ version: "20260101.1" })],
    ["RollbackDeployment", () => holder.deployments.rollbackDeployment({ fromVersion: "20260101.1" })],
    ["GetEnvironment", () => holder.environments.getEnvironment({})],
    ["CreateApiKey", () => holder.environments.createApiKey({ name: "mine" })],
    ["ListVariables", () => holder.environments.listVariables({})],
    ["GetBundle", () => holder.execution.getBundle({ bundleHash: "a".repeat(64) })],
  ])("not %s", async (_, call) => {
    expect(await reasonOf(call())).toBe("NOT_PERMITTED");
  });
});

describe("it ends", () => {
  it("when it expires, and with it what it has open", async () => {
    const clients = server.connect(signPublicToken(owner.apiKey, [runId], { expireTime: nowS() + 60 }));
    const events = clients.runs.watchRun({ runId })[Symbol.asyncIterator]();
    await events.next();
    let reason: string | undefined;
    void reasonOf({ [Symbol.asyncIterator]: () => events }).then((told) => (reason = told));
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(reason).toBe("API_KEY_INVALID");
    });
    const failure = await failureOf(clients.runs.getRun({ runId }));
    expect([reasonName(failure.reason), failure.message]).toEqual([
      "API_KEY_INVALID",
      expect.stringContaining("expired at"),
    ]);
  });

  it("when its key is revoked, at once where that was done; tokens of the other keys go on", async () => {
    const environment = await server.createEnvironment();
    const id = await seeder.trigger(environment.id);
    const { apiKey, secret } = await environment.environments.createApiKey({ name: "second" });
    const first = server.connect(tokenFor([id], environment));
    const second = server.connect(tokenFor([id], { ...environment, apiKey: secret }));
    expect((await second.runs.getRun({ runId: id })).run?.id).toBe(id);
    await environment.environments.revokeApiKey({ apiKeyId: apiKey?.id ?? "" });
    const failure = await failureOf(second.runs.getRun({ runId: id }));
    expect([reasonName(failure.reason), failure.message]).toEqual([
      "API_KEY_INVALID",
      expect.stringContaining("its key was revoked"),
    ]);
    expect((await first.runs.getRun({ runId: id })).run?.id).toBe(id);
  });
});

it("one that a stranger has signed is none", async () => {
  const stranger = await server.createEnvironment();
  const forged = signPublicToken(stranger.apiKey, [runId], { expireTime: nowS() + 60, environment: owner.slug });
  const failure = await failureOf(server.connect(forged).runs.getRun({ runId }));
  expect([reasonName(failure.reason), failure.message]).toEqual([
    "API_KEY_INVALID",
    expect.stringContaining("it is forged"),
  ]);
});

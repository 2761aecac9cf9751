import { type ErrorReason, RunStatus, TokenStatus } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";
import { beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";
import type { TestEnvironment } from "../testing/store-server.ts";
import { deploy } from "../testing/upload.ts";

const { server, seeder, environment: owner } = await shareStoreServer();
let stranger: TestEnvironment;
let runId: string;
let apiKeyId: string;
let tokenId: string;
let scheduleId: string;

beforeAll(async () => {
  stranger = await server.createEnvironment();
  const { run: parent } = await owner.tasks.triggerTask({
    trigger: { requestId: "parent", taskId: "hello", tags: ["mine"] },
  });
  runId = parent?.runId ?? "";
  const child = { requestId: "child", taskId: "hello", parentRunId: runId, options: { batchId: "batch_mine" } };
  await owner.tasks.triggerTask({ trigger: child });
  const { apiKeys } = await owner.environments.listApiKeys({});
  apiKeyId = apiKeys[0]?.id ?? "";
  const { schedule } = await owner.schedules.createSchedule(wantedSchedule);
  scheduleId = schedule?.id ?? "";
  tokenId = (await owner.tokens.createToken({ idempotencyKey: "mine" })).token?.id ?? "";
});

const wantedSchedule = { taskId: "hello", cron: { expression: "0 0 * * *" }, deduplicationKey: "mine" };

/** What a stranger is told of an id, whether it exists elsewhere or nowhere. */
async function answerTo(call: Promise<unknown> | AsyncIterable<unknown>, id: string): Promise<string> {
  const failure = await failureOf(call);
  return JSON.stringify([
    failure.code,
    failure.reason satisfies ErrorReason,
    failure.message.replaceAll(id, "<id>"),
    failure.violations,
  ]);
}

describe("another environment's run cannot be told from none", () => {
  it.each<[string, (id: string) => Promise<unknown> | AsyncIterable<unknown>]>([
    ["GetRun", (id) => stranger.runs.getRun({ runId: id })],
    ["WatchRun", (id) => stranger.runs.watchRun({ runId: id })],
    ["CancelRun", (id) => stranger.runs.cancelRun({ runId: id })],
    ["ReplayRun", (id) => stranger.runs.replayRun({ runId: id, requestId: "replay" })],
    ["RescheduleRun", (id) => stranger.runs.rescheduleRun({ runId: id, startTime: { seconds: 1n, nanos: 0 } })],
    ["UpdateRun", (id) => stranger.runs.updateRun({ runId: id, addTags: ["theirs"] })],
  ])("by %s", async (_, call) => {
    const none = "run_0000000000000000000000none";
    expect(await answerTo(call(runId), runId)).toBe(await answerTo(call(none), none));
    expect(reasonName((await failureOf(call(runId))).reason)).toBe("RUN_NOT_FOUND");
  });

  it("by AwaitRuns, not even when it ends", async () => {
    const call = stranger.runs.awaitRuns();
    call.send({ runIds: [runId, "run_none"] });
    call.end();
    const messages = await Array.fromAsync(call.responses);
    const answers = messages.flatMap(({ results }) => results);
    expect(answers.map(({ result }) => result.case === "error" && reasonName(result.value.reason))).toEqual([
      "RUN_NOT_FOUND",
      "RUN_NOT_FOUND",
    ]);
    expect(server.feed.finished.has(`${stranger.id}/${runId}`)).toBe(false);
  });

  it("by ListRuns, whatever the filter", async () => {
    for (const request of [
      {},
      { taskId: "hello" },
      { tag: "mine" },
      { statuses: [RunStatus.QUEUED] },
      { batchId: "batch_mine" },
      { parentRunId: runId },
    ])
      expect((await stranger.runs.listRuns(request)).runs).toEqual([]);
    const { nextPageToken } = await (async () => {
      await seeder.trigger(owner.id);
      return owner.runs.listRuns({ pageSize: 1 });
    })();
    expect((await stranger.runs.listRuns({ pageToken: nextPageToken, pageSize: 1 })).runs).toEqual([]);
  });

  it("by TriggerTask as a parent", async () => {
    const asParent = (parentRunId: string) =>
      stranger.tasks.triggerTask({ trigger: { requestId: "child", taskId: "hello", parentRunId } });
    expect(await answerTo(asParent(runId), runId)).toContain("trigger.parent_run_id");
    expect((await stranger.runs.listRuns({})).runs).toEqual([]);
  });

  it("and is still what it was", async () => {
    expect((await owner.runs.getRun({ runId })).run).toMatchObject({ status: RunStatus.QUEUED, tags: ["mine"] });
  });
});

describe("another environment's token cannot be told from none", () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    ["GetToken", (id) => stranger.tokens.getToken({ tokenId: id })],
    ["CompleteToken", (id) => stranger.tokens.completeToken({ tokenId: id })],
  ])("by %s", async (_, call) => {
    const none = "token_00000000000000000000000000";
    expect(await answerTo(call(tokenId), tokenId)).toBe(await answerTo(call(none), none));
    expect(reasonName((await failureOf(call(tokenId))).reason)).toBe("TOKEN_NOT_FOUND");
  });

  it("by AwaitTokens, not even when it is completed", async () => {
    const call = stranger.tokens.awaitTokens();
    call.send({ tokenIds: [tokenId] });
    call.end();
    const answers = (await Array.fromAsync(call.responses)).flatMap(({ results }) => results);
    expect(answers.map(({ result }) => result.case === "error" && reasonName(result.value.reason))).toEqual([
      "TOKEN_NOT_FOUND",
    ]);
    expect(server.feed.endedTokens.has(`${stranger.id}/${tokenId}`)).toBe(false);
  });

  it("by ListTokens, nor by its idempotency key", async () => {
    expect((await stranger.tokens.listTokens({})).tokens).toEqual([]);
    const own = await stranger.tokens.createToken({ idempotencyKey: "mine" });
    expect([own.isCached, own.token?.id === tokenId]).toEqual([false, false]);
    await owner.tokens.createToken({});
    const { nextPageToken } = await owner.tokens.listTokens({ pageSize: 1 });
    const { tokens } = await stranger.tokens.listTokens({ pageToken: nextPageToken });
    expect(tokens.map(({ id }) => id)).not.toContain(tokenId);
  });

  it("and is still what it was", async () => {
    expect((await owner.tokens.getToken({ tokenId })).token?.status).toBe(TokenStatus.PENDING);
  });
});

describe("another environment's schedule cannot be told from none", () => {
  it.each<[string, (id: string) => Promise<unknown>]>([
    ["GetSchedule", (id) => stranger.schedules.getSchedule({ scheduleId: id })],
    ["UpdateSchedule", (id) => stranger.schedules.updateSchedule({ scheduleId: id, externalId: "theirs" })],
    ["ActivateSchedule", (id) => stranger.schedules.activateSchedule({ scheduleId: id })],
    ["DeactivateSchedule", (id) => stranger.schedules.deactivateSchedule({ scheduleId: id })],
  ])("by %s", async (_, call) => {
    const none = "sched_00000000000000000000000000";
    expect(await answerTo(call(scheduleId), scheduleId)).toBe(await answerTo(call(none), none));
    expect(reasonName((await failureOf(call(scheduleId))).reason)).toBe("SCHEDULE_NOT_FOUND");
  });

  it("by ListSchedules, nor by its deduplication key", async () => {
    expect((await stranger.schedules.listSchedules({})).schedules).toEqual([]);
    const other = await server.createEnvironment();
    await deploy(other);
    const { schedule } = await other.schedules.createSchedule(wantedSchedule);
    expect(schedule?.id).not.toBe(scheduleId);
  });

  it("by DeleteSchedule, and is still what it was", async () => {
    await stranger.schedules.deleteSchedule({ scheduleId });
    const { schedule } = await owner.schedules.getSchedule({ scheduleId });
    expect(schedule).toMatchObject({ isActive: true, externalId: "" });
  });
});

describe("another environment's queue cannot be told from none", () => {
  it.each<[string, (name: string) => Promise<unknown>]>([
    ["GetQueue", (name) => stranger.queues.getQueue({ name })],
    ["PauseQueue", (name) => stranger.queues.pauseQueue({ name })],
    ["ResumeQueue", (name) => stranger.queues.resumeQueue({ name })],
    ["OverrideConcurrencyLimit", (name) => stranger.queues.overrideConcurrencyLimit({ name, concurrencyLimit: 1 })],
    ["ResetConcurrencyLimit", (name) => stranger.queues.resetConcurrencyLimit({ name })],
  ])("by %s", async (_, call) => {
    expect(await answerTo(call("task/hello"), "task/hello")).toBe(await answerTo(call("task/none"), "task/none"));
    expect(reasonName((await failureOf(call("task/hello"))).reason)).toBe("QUEUE_NOT_FOUND");
  });

  it("by ListQueues, and is still what it was", async () => {
    expect((await stranger.queues.listQueues({})).queues).toEqual([]);
    const { queue } = await owner.queues.getQueue({ name: "task/hello" });
    expect(queue).toMatchObject({ isPaused: false, isOverridden: false });
  });
});

describe("another environment's batch cannot be told from none", () => {
  it("by GetBatch and ListBatches", async () => {
    const read = (batchId: string) => stranger.batches.getBatch({ batchId });
    expect(await answerTo(read("batch_mine"), "batch_mine")).toBe(await answerTo(read("batch_none"), "batch_none"));
    expect((await stranger.batches.listBatches({})).batches).toEqual([]);
    expect((await owner.batches.getBatch({ batchId: "batch_mine" })).batch?.runCount).toBe(1n);
  });
});

describe("nor can its deployments and keys", () => {
  it("by GetCurrentDeployment and ListDeployments", async () => {
    expect(reasonName((await failureOf(stranger.deployments.getCurrentDeployment({}))).reason)).toBe(
      "DEPLOYMENT_NOT_FOUND",
    );
    expect((await stranger.deployments.listDeployments({})).deployments).toEqual([]);
  });

  it("by RevokeApiKey and ListApiKeys", async () => {
    const revoke = (id: string) => stranger.environments.revokeApiKey({ apiKeyId: id });
    expect(await answerTo(revoke(apiKeyId), apiKeyId)).toBe(await answerTo(revoke("key_none"), "key_none"));
    expect((await stranger.environments.listApiKeys({})).apiKeys.map(({ id }) => id)).not.toContain(apiKeyId);
    expect((await stranger.environments.getEnvironment({})).environment?.id).toBe(stranger.id);
    await owner.environments.getEnvironment({});
  });

  it("by an upload of the same bytes", async () => {
    const own = await deploy(stranger);
    const { deployment } = await owner.deployments.getCurrentDeployment({});
    expect(own.bundleHash).toBe(deployment?.bundleHash);
    expect(own.id).not.toBe(deployment?.id);
    expect((await stranger.deployments.listDeployments({})).deployments).toEqual([own]);
  });
});

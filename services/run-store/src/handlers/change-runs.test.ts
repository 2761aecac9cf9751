import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Run, type RunOptionsSchema, RunStatus } from "@windlass/proto";
import { describe, expect, it } from "vitest";
import { failureOf, reasonOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";

const { server, seeder, environment } = await shareStoreServer();

const json = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)), contentType: "application/json" });
const text = (content: Run["payload"]) => Buffer.from(content?.data ?? []).toString();

/** What a trigger here says beside its task and payload. */
interface TriggerInit {
  readonly tags?: string[];
  readonly parentRunId?: string;
  readonly options?: MessageInitShape<typeof RunOptionsSchema>;
}

async function trigger(init: TriggerInit = {}): Promise<string> {
  const { run } = await environment.tasks.triggerTask({
    trigger: { requestId: randomUUID(), taskId: "hello", payload: json("hi"), ...init },
  });
  return run?.runId ?? "";
}

async function get(runId: string): Promise<Run> {
  const { run } = await environment.runs.getRun({ runId });
  if (run === undefined) throw new Error("no run was returned");
  return run;
}

describe("GetRun", () => {
  it("shows options, metadata, parents and machine as they were given", async () => {
    const parentRunId = await trigger();
    const options = {
      priority: 7,
      machine: "micro",
      batchId: "batch_a",
      idempotencyKey: "shown",
      metadata: json({ a: 1 }),
    };
    const run = await get(await trigger({ parentRunId, options }));
    expect(run).toMatchObject({ parentRunId, rootRunId: parentRunId, machine: "micro" });
    expect(run.options).toMatchObject({ priority: 7, batchId: "batch_a", idempotencyKey: "shown" });
    expect(run.options?.metadata).toBeUndefined();
    expect(text(run.metadata)).toBe('{"a":1}');
    expect(await get(parentRunId)).toMatchObject({ parentRunId: "", rootRunId: "", machine: "small-1x" });
    expect((await get(parentRunId)).options).toBeUndefined();
  });
});

describe("ListRuns", () => {
  it("lists the runs of a batch and of a parent, newest first, page by page, with other filters", async () => {
    const parentRunId = await trigger();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1)
      ids.push(await trigger({ parentRunId, options: { batchId: "batch_b" } }));
    await trigger({ options: { batchId: "batch_other" } });
    for (const filter of [{ batchId: "batch_b" }, { parentRunId }]) {
      const first = await environment.runs.listRuns({ ...filter, pageSize: 2 });
      const second = await environment.runs.listRuns({ ...filter, pageSize: 2, pageToken: first.nextPageToken });
      expect([...first.runs, ...second.runs].map(({ id }) => id)).toEqual(ids.toReversed());
      expect(first.runs[0]).toMatchObject({ parentRunId, options: { batchId: "batch_b" } });
      const queued = await environment.runs.listRuns({ ...filter, statuses: [RunStatus.QUEUED], taskId: "hello" });
      expect(queued.runs).toHaveLength(3);
      expect((await environment.runs.listRuns({ ...filter, statuses: [RunStatus.FAILED] })).runs).toEqual([]);
    }
  });
});

describe("ReplayRun", () => {
  it("triggers the same once more: task, payload, tags, metadata and how it is executed, and nothing else", async () => {
    const options = {
      idempotencyKey: "once",
      machine: "micro",
      batchId: "batch_c",
      maxDurationSeconds: 9,
      metadata: json({ a: 1 }),
    };
    const runId = await trigger({ tags: ["x"], options, parentRunId: await trigger() });
    const { run } = await environment.runs.replayRun({ runId, requestId: randomUUID() });
    const replayed = await get(run?.id ?? "");
    expect(replayed).toMatchObject({
      taskId: "hello",
      tags: ["x"],
      replayOfRunId: runId,
      parentRunId: "",
      machine: "micro",
    });
    expect(replayed.options).toMatchObject({
      idempotencyKey: "",
      batchId: "",
      machine: "micro",
      maxDurationSeconds: 9,
    });
    expect([text(replayed.payload), text(replayed.metadata)]).toEqual(['"hi"', '{"a":1}']);
    expect(replayed.id).not.toBe(runId);
  });

  it("is idempotent by its request id, and can have another payload", async () => {
    const runId = await trigger();
    const request = { runId, requestId: randomUUID(), payload: json("other") };
    const [one, other] = [await environment.runs.replayRun(request), await environment.runs.replayRun(request)];
    expect(one.run?.id).toBe(other.run?.id);
    expect(text((await get(one.run?.id ?? "")).payload)).toBe('"other"');
  });
});

describe("RescheduleRun", () => {
  const inAnHour = () => Date.now() + 3_600_000;

  it("moves the start of a DELAYED run, and tells the scheduler", async () => {
    const runId = await trigger({ options: { startTime: timestampFromMs(inAnHour()) } });
    const due = server.feed.due.subscribe(10);
    const later = timestampFromMs(inAnHour() + 60_000);
    const { run } = await environment.runs.rescheduleRun({ runId, startTime: later });
    expect(run).toMatchObject({ status: RunStatus.DELAYED, dueTime: { seconds: later.seconds } });
    for await (const [item] of due) {
      expect(item?.item).toMatchObject({ case: "run", value: { runId } });
      break;
    }
  });

  it("to a time that has passed queues it now", async () => {
    const runId = await trigger({ options: { startTime: timestampFromMs(inAnHour()) } });
    const { run } = await environment.runs.rescheduleRun({ runId, startTime: timestampFromMs(1) });
    expect(run).toMatchObject({ id: runId, status: RunStatus.QUEUED });
    expect(run?.dueTime).toBeUndefined();
  });

  it("of any other run is refused", async () => {
    const move = { runId: await trigger(), startTime: timestampFromMs(inAnHour()) };
    expect(await reasonOf(environment.runs.rescheduleRun(move))).toBe("RUN_NOT_DELAYED");
    expect(await reasonOf(environment.runs.rescheduleRun({ runId: move.runId }))).toBe("FIELD_INVALID");
  });
});

describe("UpdateRun", () => {
  it("replaces metadata and adds tags, each once, also of a run that has ended", async () => {
    const runId = await seeder.inStatus(environment.id, "COMPLETED");
    await environment.runs.updateRun({ runId, metadata: json({ a: 1 }), addTags: ["x", "y"] });
    const { run } = await environment.runs.updateRun({ runId, addTags: ["y", "z"] });
    expect(run).toMatchObject({ status: RunStatus.COMPLETED, tags: ["x", "y", "z"] });
    expect(text(run?.metadata)).toBe('{"a":1}');
    await environment.runs.updateRun({ runId, metadata: json({ b: 2 }) });
    expect(text((await get(runId)).metadata)).toBe('{"b":2}');
    expect((await get(runId)).tags).toEqual(["x", "y", "z"]);
  });

  it("is refused when the run would have more than ten tags, and changes nothing", async () => {
    const runId = await trigger({ tags: ["0", "1", "2", "3", "4", "5", "6", "7"] });
    const failure = await failureOf(
      environment.runs.updateRun({ runId, metadata: json({}), addTags: ["7", "8", "9", "10"] }),
    );
    expect(failure.violations[0]?.description).toContain("at most 10");
    const run = await get(runId);
    expect([run.tags.length, run.metadata]).toEqual([8, undefined]);
  });

  it("takes a JSON object of at most 256 KB", async () => {
    const runId = await trigger();
    expect(await reasonOf(environment.runs.updateRun({ runId, metadata: json([]) }))).toBe("FIELD_INVALID");
    expect(await reasonOf(environment.runs.updateRun({ runId, metadata: json({ a: "x".repeat(262_144) }) }))).toBe(
      "FIELD_INVALID",
    );
  });
});

describe("AwaitRuns", () => {
  it("leaves the result out where the end is enough, whether it comes or is there already", async () => {
    const ended = await seeder.inStatus(environment.id, "COMPLETED");
    const coming = await seeder.trigger(environment.id);
    const full = await seeder.inStatus(environment.id, "COMPLETED");
    const call = environment.runs.awaitRuns();
    call.send({ runIds: [ended, coming], isEndEnough: true });
    call.send({ runIds: [full] });
    call.end();
    const lease = await seeder.claim(environment.id, coming);
    if (lease === undefined) throw new Error("not claimed");
    await seeder.finish(lease, { outcome: "SUCCEEDED", next: "COMPLETED", output: '"large"' });
    const answers = (await Array.fromAsync(call.responses)).flatMap(({ results }) => results);
    const outputs = new Map(
      answers.map(({ runId, result }) => [runId, result.case === "run" && text(result.value.output)]),
    );
    expect(Object.fromEntries(outputs)).toEqual({ [ended]: "", [coming]: "", [full]: '"done"' });
    for (const { result } of answers) expect(result.case === "run" && result.value.status).toBe(RunStatus.COMPLETED);
  });
});

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Batch, ErrorReason, type TriggerResult, type TriggerSchema } from "@windlass/proto";
import { reasonName } from "@windlass/proto/grpc";
import { describe, expect, it } from "vitest";
import { failureOf } from "../testing/failure-of.ts";
import { shareStoreServer } from "../testing/share-store-server.ts";
import { deploy } from "../testing/upload.ts";

const { server, seeder, environment } = await shareStoreServer();

let requests = 0;

interface Item {
  readonly requestId?: string;
  readonly taskId?: string;
  readonly parentRunId?: string;
  readonly startTime?: { readonly seconds: bigint };
}

const item = (batchId: string, { startTime, ...overrides }: Item = {}): MessageInitShape<typeof TriggerSchema> => ({
  requestId: `item-${(requests += 1)}`,
  taskId: "hello",
  ...overrides,
  options: { batchId, ...(startTime !== undefined && { startTime }) },
});

/** Sends messages of items on one stream; the results in order. */
async function send(messages: MessageInitShape<typeof TriggerSchema>[][], of = environment): Promise<TriggerResult[]> {
  const call = of.tasks.triggerTasks();
  for (const [index, triggers] of messages.entries()) call.send({ correlationId: BigInt(index), triggers });
  call.end();
  const answers = await Array.fromAsync(call.responses);
  return answers.toSorted((a, b) => Number(a.correlationId - b.correlationId)).flatMap(({ results }) => results);
}

async function batchOf(batchId: string, of = environment): Promise<Batch> {
  const { batch } = await of.batches.getBatch({ batchId });
  if (batch === undefined) throw new Error("no batch was returned");
  return batch;
}

describe("a batch", () => {
  it("is the runs that name it, whichever messages brought them", async () => {
    const messages = Array.from({ length: 3 }, () => Array.from({ length: 100 }, () => item("batch_large")));
    const results = await send(messages);
    expect(results.every(({ result }) => result.case === "run")).toBe(true);
    expect(await batchOf("batch_large")).toMatchObject({
      id: "batch_large",
      runCount: 300n,
      completedCount: 0n,
      unsuccessfulCount: 0n,
      failedItems: [],
      failedItemCount: 0n,
    });
  });

  it("counts how its runs end", async () => {
    const results = await send([Array.from({ length: 4 }, () => item("batch_ends"))]);
    const runIds = results.map(({ result }) => (result.case === "run" ? result.value.runId : ""));
    const end = async (runId: string, outcome: "SUCCEEDED" | "FAILED") => {
      const lease = await seeder.claim(environment.id, runId);
      if (lease === undefined) throw new Error("not claimed");
      await seeder.finish(
        lease,
        outcome === "SUCCEEDED" ? { outcome, next: "COMPLETED" } : { outcome, next: "FAILED", error: { code: 1 } },
      );
    };
    await end(runIds[0] ?? "", "SUCCEEDED");
    await end(runIds[1] ?? "", "FAILED");
    await environment.runs.cancelRun({ runId: runIds[2] ?? "" });
    expect(await batchOf("batch_ends")).toMatchObject({ runCount: 4n, completedCount: 1n, unsuccessfulCount: 2n });
  });

  it("tells of items that could not become runs, and the others go on", async () => {
    const bad = [
      item("batch_mixed", { requestId: "bad-task", taskId: "" }),
      item("batch_mixed", { requestId: "bad parent!", parentRunId: "run_none" }),
      item("batch_mixed", { requestId: "bad-parent", parentRunId: "run_none" }),
      item("batch_mixed", { requestId: "bad-name", taskId: "a\u0000b" }),
      item("batch_mixed", { requestId: "bad-time", startTime: { seconds: 253_370_764_800n } }),
    ];
    const results = await send([[item("batch_mixed"), ...bad, item("batch_mixed")]]);
    expect(results.map(({ result }) => result.case)).toEqual(["run", ...bad.map(() => "error"), "run"]);
    const batch = await batchOf("batch_mixed");
    expect(batch).toMatchObject({ runCount: 2n, failedItemCount: 5n });
    expect(batch.failedItems.map(({ requestId, taskId, error }) => [requestId, taskId, error?.reason])).toEqual([
      ["bad-name", "a\uFFFDb", ErrorReason.FIELD_INVALID],
      ["bad-parent", "hello", ErrorReason.FIELD_INVALID],
      ["bad-task", "", ErrorReason.FIELD_INVALID],
      ["bad-time", "hello", ErrorReason.FIELD_INVALID],
      ["bad_parent_", "hello", ErrorReason.FIELD_INVALID],
    ]);
    expect(batch.failedItems[1]?.error?.violations.map(({ field }) => field)).toEqual(["trigger.parent_run_id"]);
  });

  it("of which no item became a run is a batch all the same, and sending it again changes nothing", async () => {
    const items = [item("batch_bad", { taskId: "" }), item("batch_bad", { taskId: "" })];
    await send([items]);
    await send([items]);
    expect(await batchOf("batch_bad")).toMatchObject({ runCount: 0n, failedItemCount: 2n });
  });

  it("shows the first 100 failed items, and counts all", async () => {
    await send([Array.from({ length: 150 }, () => item("batch_worst", { taskId: "" }))]);
    const batch = await batchOf("batch_worst");
    expect([batch.failedItems.length, batch.failedItemCount]).toEqual([100, 150n]);
  });

  it("that is none is not found, and a name that cannot be one is refused", async () => {
    expect(reasonName((await failureOf(environment.batches.getBatch({ batchId: "batch_none" }))).reason)).toBe(
      "BATCH_NOT_FOUND",
    );
    for (const batchId of ["", "none", "batch_*", "batch_a\u0000", `batch_${"a".repeat(10_240)}`])
      expect(reasonName((await failureOf(environment.batches.getBatch({ batchId }))).reason)).toBe("FIELD_INVALID");
  });
});

it("ListBatches pages through batches, newest first", async () => {
  const own = await server.createEnvironment();
  await deploy(own);
  for (const name of ["c", "a", "b"]) await send([[item(`batch_${name}`)]], own);
  const listed: string[] = [];
  let pageToken = "";
  do {
    const page = await own.batches.listBatches({ pageSize: 2, pageToken });
    for (const { id, runCount } of page.batches) {
      listed.push(id);
      expect(runCount).toBe(1n);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(listed).toEqual(["batch_b", "batch_a", "batch_c"]);
});

describe("ResetIdempotencyKey", () => {
  const trigger = async (idempotencyKey: string, of = environment, taskId = "hello"): Promise<string | undefined> => {
    const options = { idempotencyKey };
    return (await of.tasks.triggerTask({ trigger: { requestId: `item-${(requests += 1)}`, taskId, options } })).run
      ?.runId;
  };

  it("frees the key: the next trigger makes a new run, and the old one goes on", async () => {
    const first = await trigger("reset");
    expect(await trigger("reset")).toBe(first);
    const reset = { taskId: "hello", idempotencyKey: "reset" };
    expect((await environment.tasks.resetIdempotencyKey(reset)).wasSet).toBe(true);
    expect((await environment.tasks.resetIdempotencyKey(reset)).wasSet).toBe(false);
    const second = await trigger("reset");
    expect(second).not.toBe(first);
    expect((await environment.runs.getRun({ runId: first ?? "" })).run?.finishTime).toBeUndefined();
  });

  it("of another task or environment leaves the key alone", async () => {
    const stranger = await server.createEnvironment();
    const first = await trigger("mine");
    expect((await stranger.tasks.resetIdempotencyKey({ taskId: "hello", idempotencyKey: "mine" })).wasSet).toBe(false);
    expect((await environment.tasks.resetIdempotencyKey({ taskId: "other", idempotencyKey: "mine" })).wasSet).toBe(
      false,
    );
    expect(await trigger("mine")).toBe(first);
  });

  it.each([
    ["no task", { taskId: "", idempotencyKey: "a" }, "task_id"],
    ["no key", { taskId: "hello", idempotencyKey: "" }, "idempotency_key"],
    ["a key with NUL", { taskId: "hello", idempotencyKey: "\u0000" }, "idempotency_key"],
    ["a key of 10 KB", { taskId: "hello", idempotencyKey: "a".repeat(10_240) }, "idempotency_key"],
  ])("refuses %s", async (_, request, field) => {
    const failure = await failureOf(environment.tasks.resetIdempotencyKey(request));
    expect(failure.violations.map((violation) => violation.field)).toEqual([field]);
  });
});

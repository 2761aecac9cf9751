import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EnvironmentType, StartAttemptSchema } from "@windlass/proto";
import { expect, it } from "vitest";
import { task } from "../index.ts";
import { taskRegistry } from "../task/task-registry.ts";
import { taskContext } from "./task-context.ts";

const startedAt = new Date("2026-01-01T10:00:02Z");

function contextOf(start: MessageInitShape<typeof StartAttemptSchema>): ReturnType<typeof taskContext> {
  taskRegistry.enterFile("folder/report.ts");
  if (taskRegistry.get("report") === undefined) task({ id: "report", retry: { maxAttempts: 4 }, run: () => {} });
  taskRegistry.enterFile("");
  const registered = taskRegistry.get("report");
  if (registered === undefined) throw new Error("the task is gone");
  return taskContext(create(StartAttemptSchema, start), registered, startedAt);
}

it("a task is told everything about its attempt", () => {
  const createdAt = new Date("2026-01-01T10:00:00Z");
  const firstStart = new Date("2026-01-01T10:00:01Z");
  const context = contextOf({
    runId: "run_2",
    attemptNumber: 2,
    taskId: "report",
    deploymentId: "dep_1",
    maxDuration: { seconds: 90n },
    machine: { name: "medium-1x", cpu: 1, memory: 2 },
    environment: { id: "env_1", slug: "prod", type: EnvironmentType.PRODUCTION, project: "proj_1234" },
    run: {
      id: "run_2",
      queue: "emails",
      version: "20260101.1",
      maxAttempts: 5,
      tags: ["a"],
      isTest: true,
      createTime: timestampFromDate(createdAt),
      startTime: timestampFromDate(firstStart),
      parentRunId: "run_1",
      rootRunId: "run_0",
      replayOfRunId: "run_old",
      options: { idempotencyKey: "key", priority: 10, batchId: "batch_1" },
    },
  });
  expect(context).toEqual({
    task: { id: "report", filePath: "folder/report.ts" },
    attempt: { number: 2, startedAt },
    run: {
      id: "run_2",
      tags: ["a"],
      isTest: true,
      isReplay: true,
      createdAt,
      startedAt: firstStart,
      idempotencyKey: "key",
      maxAttempts: 5,
      maxDuration: 90,
      priority: 10,
      version: "20260101.1",
      parentTaskRunId: "run_1",
      rootTaskRunId: "run_0",
    },
    queue: { id: "emails", name: "emails" },
    environment: { id: "env_1", slug: "prod", type: "PRODUCTION" },
    project: { id: "proj_1234", ref: "proj_1234" },
    machine: { name: "medium-1x", cpu: 1, memory: 2 },
    deployment: { id: "dep_1", version: "20260101.1" },
    batch: { id: "batch_1" },
  });
});

it("what a run does not have is absent, not empty", () => {
  const { run, batch, queue } = contextOf({ runId: "run_1", attemptNumber: 1, run: { id: "run_1" } });
  expect(Object.keys(run).toSorted()).toEqual(
    ["createdAt", "id", "isReplay", "isTest", "maxAttempts", "priority", "startedAt", "tags", "version"].toSorted(),
  );
  expect(run).toMatchObject({ isReplay: false, maxAttempts: 4, priority: 0 });
  expect(batch).toBeUndefined();
  expect(queue.name).toBe("task/report");
});

import { durationMs, type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { EnvironmentType, type StartAttempt } from "@windlass/proto";
import type { EnvironmentTypeName, TaskContext } from "../task/context.ts";
import type { RegisteredTask } from "../task/task-registry.ts";

function environmentTypeName(type: EnvironmentType | undefined): EnvironmentTypeName {
  switch (type) {
    case EnvironmentType.PRODUCTION:
      return "PRODUCTION";
    case EnvironmentType.STAGING:
      return "STAGING";
    default:
      return "DEVELOPMENT";
  }
}

/** What the task is told about its attempt. A supervisor that leaves something out leaves it empty here. */
export function taskContext(start: StartAttempt, task: RegisteredTask, startedAt = new Date()): TaskContext {
  const { run, environment, machine } = start;
  const queue = run?.queue || `task/${task.id}`;
  const version = run?.version ?? "";
  const project = environment?.project ?? "";
  const batchId = run?.options?.batchId ?? "";
  return {
    task: { id: task.id, filePath: task.filePath },
    attempt: { number: start.attemptNumber, startedAt },
    run: runContext(start, task, startedAt),
    queue: { id: queue, name: queue },
    environment: {
      id: environment?.id ?? "",
      slug: environment?.slug ?? "",
      type: environmentTypeName(environment?.type),
    },
    project: { id: project, ref: project },
    machine: { name: machine?.name ?? "", cpu: machine?.cpu ?? 0, memory: machine?.memory ?? 0 },
    deployment: { id: start.deploymentId, version },
    ...(batchId !== "" && { batch: { id: batchId } }),
  };
}

function runContext(start: StartAttempt, task: RegisteredTask, startedAt: Date): TaskContext["run"] {
  const { run } = start;
  const { idempotencyKey = "", priority = 0 } = run?.options ?? {};
  const { parentRunId = "", rootRunId = "", replayOfRunId = "" } = run ?? {};
  const maxDuration = start.maxDuration === undefined ? undefined : durationMs(start.maxDuration) / 1_000;
  return {
    id: start.runId,
    tags: run?.tags ?? [],
    isTest: run?.isTest ?? false,
    isReplay: replayOfRunId !== "",
    createdAt: dateOf(run?.createTime) ?? startedAt,
    startedAt: dateOf(run?.startTime) ?? startedAt,
    ...(idempotencyKey !== "" && { idempotencyKey }),
    // Zero: the run was stored before any deployment knew the task.
    maxAttempts: run?.maxAttempts || task.retry.maxAttempts,
    ...(maxDuration !== undefined && { maxDuration }),
    priority,
    version: run?.version ?? "",
    ...(parentRunId !== "" && { parentTaskRunId: parentRunId }),
    ...(rootRunId !== "" && { rootTaskRunId: rootRunId }),
  };
}

function dateOf(time: Timestamp | undefined): Date | undefined {
  return time === undefined ? undefined : timestampDate(time);
}

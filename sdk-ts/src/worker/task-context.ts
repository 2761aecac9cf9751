import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
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

/** What the task is told about its attempt. */
export function taskContext(start: StartAttempt, task: RegisteredTask): TaskContext {
  const { run, environment } = start;
  const startedAt = new Date();
  const queue = run?.queue ?? "";
  const version = run?.version ?? "";
  const project = environment?.project ?? "";
  return {
    task: { id: task.id, filePath: task.filePath },
    attempt: { number: start.attemptNumber, startedAt },
    run: {
      id: start.runId,
      tags: run?.tags ?? [],
      isTest: run?.isTest ?? false,
      // Replays and priorities do not exist yet.
      isReplay: false,
      createdAt: dateOf(run?.createTime) ?? startedAt,
      startedAt: dateOf(run?.startTime) ?? startedAt,
      // Zero: the run was stored before any deployment knew the task.
      maxAttempts: run?.maxAttempts || task.retry.maxAttempts,
      priority: 0,
      version,
    },
    queue: { id: queue, name: queue },
    environment: {
      id: environment?.id ?? "",
      slug: environment?.slug ?? "",
      type: environmentTypeName(environment?.type),
    },
    project: { id: project, ref: project },
    deployment: { id: start.deploymentId, version },
  };
}

function dateOf(time: Timestamp | undefined): Date | undefined {
  return time === undefined ? undefined : timestampDate(time);
}

import type { Deployment } from "@windlass/proto";
import { present } from "../client/present.ts";
import { dateOf } from "../client/run-snapshot.ts";

/** A version of an environment's tasks as it was at one moment. */
export interface DeploymentSnapshot {
  readonly id: string;
  /** For people, and for the trigger option `version`: "20261123.1". */
  readonly version: string;
  readonly createdAt?: Date;
  /** True for the version that runs take when they begin. */
  readonly isCurrent: boolean;
  /** Where a rollback from this version leads; absent when it replaced none. */
  readonly replacedVersion?: string;
  readonly tasks: readonly DeployedTask[];
}

/** A task of a version. */
export interface DeployedTask {
  readonly id: string;
  /** Relative to the task folder. */
  readonly filePath: string;
  /** Empty for a task that no variable exports. */
  readonly exportName: string;
}

export function deploymentSnapshotFromProto(deployment: Deployment): DeploymentSnapshot {
  const { id, version, createTime, isCurrent, replacedVersion, tasks } = deployment;
  return {
    id,
    version,
    isCurrent,
    tasks: tasks.map((task) => ({ id: task.id, filePath: task.filePath, exportName: task.exportName })),
    ...present({
      createdAt: dateOf(createTime),
      replacedVersion: replacedVersion === "" ? undefined : replacedVersion,
    }),
  };
}

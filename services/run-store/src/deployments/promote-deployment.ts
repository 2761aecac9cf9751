import type { Queryable } from "@windlass/chassis";
import type { Deployment } from "@windlass/proto";
import { fieldInvalid } from "@windlass/proto/grpc";
import { deploymentNotCurrent, deploymentNotFound } from "../failures.ts";
import type { DeploymentRow } from "../store/deployment-row.ts";
import { selectDeploymentByVersion } from "../store/select-deployment-by-version.ts";
import { changeCurrent, type ChangeCurrentOptions } from "./change-current.ts";

/** Makes a stored version current. Safe to repeat. Throws DEPLOYMENT_NOT_FOUND. */
export function promoteDeployment(
  options: ChangeCurrentOptions,
  environmentId: string,
  version: string,
): Promise<Deployment> {
  return changeCurrent(options, environmentId, {
    choose: async (tx) => (await readVersion(tx, environmentId, version)).id,
  });
}

/** A version to leave, and where to. */
export interface Rollback {
  readonly fromVersion: string;
  /** Undefined: the one that it replaced. */
  readonly version: string | undefined;
}

/**
 * Leaves the current version for an older one. Whoever repeats it, or does the same at the same moment, goes back once: when the version to leave is not current any more and the
 * one to go back to is, nothing changes. Throws DEPLOYMENT_NOT_FOUND, DEPLOYMENT_NOT_CURRENT, and FIELD_INVALID for a version that is newer.
 */
export function rollBackDeployment(
  options: ChangeCurrentOptions,
  environmentId: string,
  { fromVersion, version }: Rollback,
): Promise<Deployment> {
  return changeCurrent(options, environmentId, {
    choose: async (tx, current) => {
      const from = await readVersion(tx, environmentId, fromVersion);
      const target = version ?? from.replaced_version;
      if (target === null)
        throw deploymentNotFound(`The version ${fromVersion} replaced none; there is nothing to go back to.`);
      const to = await readVersion(tx, environmentId, target);
      if (isNewer(to, from))
        throw fieldInvalid({
          field: "version",
          description: `must not be newer than ${fromVersion}; PromoteDeployment takes any.`,
        });
      if (current?.id !== from.id && current?.id !== to.id)
        throw deploymentNotCurrent(fromVersion, current?.version ?? "none");
      return to.id;
    },
  });
}

/** Ids of one environment's versions grow. */
function isNewer(one: DeploymentRow, other: DeploymentRow): boolean {
  return one.id > other.id;
}

async function readVersion(tx: Queryable, environmentId: string, version: string): Promise<DeploymentRow> {
  const row = await selectDeploymentByVersion(tx, environmentId, version);
  if (row === undefined) throw deploymentNotFound(`This environment has no version ${version}.`);
  return row;
}

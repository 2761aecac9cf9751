import type { Deployment } from "@windlass/proto";
import { callCluster, given } from "../client/call-cluster.ts";
import { refuseUnknownOptions } from "../client/call-options.ts";
import { defaultConnection } from "../client/connection.ts";
import { listPages, type PagePromise } from "../client/pages.ts";
import { invalidField } from "../client/windlass-error.ts";
import { type DeploymentSnapshot, deploymentSnapshotFromProto } from "./deployment-snapshot.ts";

/** Names a version: as `deployments` and `ctx.deployment` tell it, or by such an object. */
export type DeploymentReference = string | { readonly version: string };

const MAX_PAGE = 100;
const MAX_VERSION_CHARACTERS = 64;

/**
 * Reads the versions of the default connection's environment, and says which of them is current. Runs that have begun stay on their version, also when they are
 * repeated; others take the current one when they begin, unless they were triggered with `version`. What the version declares follows it: schedules, limits of
 * queues. Not for tasks: a task cannot change the version that it runs on. Everything here throws WindlassError, DEPLOYMENT_NOT_FOUND among others.
 */
export const deployments = {
  /** Newest first: `await` gives a page, `for await` all of them, fetched page by page. */
  list(options: { readonly limit?: number | undefined } = {}): PagePromise<DeploymentSnapshot> {
    return listPages(async (pageToken) => {
      refuseUnknownOptions(options, ["limit"]);
      const request = { pageSize: checkLimit(options.limit), pageToken };
      const connection = defaultConnection();
      const response = await callCluster(connection, (call) => connection.deployments.listDeployments(request, call));
      return {
        items: response.deployments.map(deploymentSnapshotFromProto),
        nextPageToken: response.nextPageToken,
      };
    });
  },

  /** The version that runs take when they begin. DEPLOYMENT_NOT_FOUND before the first. */
  async retrieveCurrent(): Promise<DeploymentSnapshot> {
    const connection = defaultConnection();
    const { deployment } = await callCluster(connection, (call) =>
      connection.deployments.getCurrentDeployment({}, call),
    );
    return snapshotOf(deployment);
  },

  /** Makes a version current, older or newer than the one that is. Safe to repeat. */
  async promote(deployment: DeploymentReference): Promise<DeploymentSnapshot> {
    const version = checkVersion("deployment", deployment);
    const connection = defaultConnection();
    const response = await callCluster(connection, (call) =>
      connection.deployments.promoteDeployment({ version }, call),
    );
    return snapshotOf(response.deployment);
  },

  /**
   * Leaves the current version: for the one that it replaced, or for the older one that `to` names. `from` is the version to leave, the current one unless told: whoever gives it goes
   * back once, however often this is repeated. DEPLOYMENT_NOT_CURRENT, and nothing is changed, when another version has become current meanwhile.
   */
  async rollback(
    options: { readonly from?: DeploymentReference | undefined; readonly to?: DeploymentReference | undefined } = {},
  ): Promise<DeploymentSnapshot> {
    refuseUnknownOptions(options, ["from", "to"]);
    const version = options.to === undefined ? "" : checkVersion("options.to", options.to);
    const { from = await deployments.retrieveCurrent() } = options;
    const fromVersion = checkVersion("options.from", from);
    const connection = defaultConnection();
    const response = await callCluster(connection, (call) =>
      connection.deployments.rollbackDeployment({ fromVersion, version }, call),
    );
    return snapshotOf(response.deployment);
  },
};

function snapshotOf(deployment: Deployment | undefined): DeploymentSnapshot {
  return deploymentSnapshotFromProto(given(deployment, "the deployment"));
}

function checkVersion(field: string, reference: unknown): string {
  const version =
    typeof reference === "object" && reference !== null && "version" in reference ? reference.version : reference;
  if (typeof version === "string" && version !== "" && version.length <= MAX_VERSION_CHARACTERS) return version;
  throw invalidField(field, 'must be a version, for example "20261123.1".');
}

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return 0;
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit;
  throw invalidField("options.limit", `must be a whole number from 1 to ${MAX_PAGE}.`);
}

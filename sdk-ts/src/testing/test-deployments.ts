import { createHash } from "node:crypto";
import { type DeploymentHeader, type DeploymentService, ErrorReason, type TaskDefinition } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";
import type { TestCluster } from "./test-cluster.ts";

interface TestVersion {
  readonly id: string;
  readonly version: string;
  readonly bundleHash: string;
  readonly isCurrent: boolean;
  readonly tasks: TaskDefinition[];
  replacedVersion: string;
}

/** A DeploymentService over what was deployed to a test's cluster. */
export function testDeploymentService(cluster: TestCluster): ServiceImplementation<typeof DeploymentService> {
  const { deployed } = cluster;
  const versions: TestVersion[] = [];
  const makeCurrent = (version: TestVersion) => {
    const { currentDeployment: former } = cluster;
    if (former !== undefined && versions.indexOf(version) > versions.findIndex(({ id }) => id === former.id))
      version.replacedVersion = former.version;
    cluster.currentDeployment = version;
    return { deployment: version };
  };
  const find = (name: string): TestVersion => {
    const found = versions.find(({ version }) => version === name);
    if (found === undefined) throw deploymentNotFound(`This environment has no version ${name}.`);
    return found;
  };
  return {
    createDeployment: async (requests) => {
      const chunks: Uint8Array[] = [];
      let header: DeploymentHeader | undefined;
      for await (const { part } of requests) {
        if (part.case === "header") header = part.value;
        if (part.case === "chunk") chunks.push(part.value);
      }
      const bytes = Buffer.concat(chunks);
      const hash = createHash("sha256").update(bytes).digest("hex");
      if (header === undefined || header.bundleHash !== hash) throw bundleCorrupt();
      deployed.push({ bytes, taskIds: header.tasks.map(({ id }) => id) });
      if (cluster.currentDeployment?.bundleHash !== hash) {
        const version = `20260101.${deployed.length}`;
        const { tasks } = header;
        const id = `dep_${deployed.length}`;
        const made = { id, version, bundleHash: hash, isCurrent: true, tasks, replacedVersion: "" };
        versions.push(made);
        makeCurrent(made);
      }
      return { deployment: cluster.currentDeployment };
    },
    getCurrentDeployment: async () => {
      if (cluster.currentDeployment === undefined) throw deploymentNotFound("This environment has no deployment yet.");
      return { deployment: cluster.currentDeployment };
    },
    listDeployments: async () => ({
      deployments: versions
        .toReversed()
        .map((each) => ({ ...each, isCurrent: each.id === cluster.currentDeployment?.id })),
    }),
    promoteDeployment: async ({ version }) => makeCurrent(find(version)),
    rollbackDeployment: async ({ fromVersion, version }) =>
      makeCurrent(find(version || find(fromVersion).replacedVersion)),
  };
}

function bundleCorrupt(): CallFailure {
  return new CallFailure({
    code: status.INVALID_ARGUMENT,
    reason: ErrorReason.BUNDLE_CORRUPT,
    message: "The bundle is corrupt.",
  });
}

function deploymentNotFound(message: string): CallFailure {
  return new CallFailure({
    code: status.NOT_FOUND,
    reason: ErrorReason.DEPLOYMENT_NOT_FOUND,
    message,
  });
}

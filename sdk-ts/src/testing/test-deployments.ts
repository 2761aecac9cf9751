import { createHash } from "node:crypto";
import { type DeploymentHeader, type DeploymentService, ErrorReason } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";
import type { TestCluster } from "./test-cluster.ts";

/** A DeploymentService over what was deployed to a test's cluster. */
export function testDeploymentService(cluster: TestCluster): ServiceImplementation<typeof DeploymentService> {
  const { deployed } = cluster;
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
        cluster.currentDeployment = { id: `dep_${deployed.length}`, version, bundleHash: hash, isCurrent: true };
      }
      return { deployment: cluster.currentDeployment };
    },
    getCurrentDeployment: async () =>
      cluster.currentDeployment === undefined ? {} : { deployment: cluster.currentDeployment },
    listDeployments: async () => ({}),
  };
}

function bundleCorrupt(): CallFailure {
  return new CallFailure({
    code: status.INVALID_ARGUMENT,
    reason: ErrorReason.BUNDLE_CORRUPT,
    message: "The bundle is corrupt.",
  });
}

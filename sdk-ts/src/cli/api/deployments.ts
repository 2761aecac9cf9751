import type { Deployment } from "@windlass/proto";
import { callCluster } from "../../client/call-cluster.ts";
import { defaultConnection } from "../../client/connection.ts";
import { WindlassError } from "../../client/windlass-error.ts";

/** The version that new runs take; undefined when nothing has been deployed. */
export async function getCurrentDeployment(): Promise<Deployment | undefined> {
  try {
    const connection = defaultConnection();
    const { deployment } = await callCluster(connection, (call) =>
      connection.deployments.getCurrentDeployment({}, call),
    );
    return deployment;
  } catch (error) {
    if (error instanceof WindlassError && error.reason === "DEPLOYMENT_NOT_FOUND") return undefined;
    throw error;
  }
}

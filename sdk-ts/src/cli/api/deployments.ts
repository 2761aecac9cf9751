import type { Deployment } from "@windlass/proto";
import { WindlassError } from "../../client/windlass-error.ts";
import { callDefault } from "./connect.ts";

/** The version that new runs take; undefined when nothing has been deployed. */
export async function getCurrentDeployment(): Promise<Deployment | undefined> {
  try {
    const { deployment } = await callDefault((connection, call) =>
      connection.deployments.getCurrentDeployment({}, call),
    );
    return deployment;
  } catch (error) {
    if (error instanceof WindlassError && error.reason === "DEPLOYMENT_NOT_FOUND") return undefined;
    throw error;
  }
}

import type { Queryable } from "@windlass/chassis";
import type { Environment } from "@windlass/proto";
import { environmentToProto } from "../conversions/environment-to-proto.ts";
import { selectDeployment } from "../store/select-deployment.ts";
import { selectEnvironment } from "../store/select-environment.ts";

/** What a lease says beside the run, none of which ever changes. */
export interface DeploymentFacts {
  /** The deployment's version, for people. */
  readonly version: string;
  readonly bundleHash: string;
  readonly environment: Environment;
}

/** Reads facts about deployments once. */
export interface DeploymentCache {
  /** At once when it is known, which it is but for the first claim of a version. */
  get(environmentId: string, deploymentId: string): DeploymentFacts | Promise<DeploymentFacts>;
}

/** Deployments remembered; the oldest is forgotten first. */
const MAX_KNOWN = 10_000;

export function createDeploymentCache(db: Queryable): DeploymentCache {
  const known = new Map<string, DeploymentFacts>();

  const read = async (environmentId: string, deploymentId: string): Promise<DeploymentFacts> => {
    const deployment = await selectDeployment(db, environmentId, deploymentId);
    const environment = await selectEnvironment(db, environmentId);
    if (deployment === undefined || environment === undefined)
      throw new Error(`the deployment ${deploymentId} of ${environmentId} is missing`);
    return {
      version: deployment.version,
      bundleHash: deployment.bundle_hash,
      environment: environmentToProto(environment),
    };
  };

  return {
    get(environmentId, deploymentId) {
      const key = `${environmentId}/${deploymentId}`;
      const facts = known.get(key);
      if (facts !== undefined) return facts;
      return read(environmentId, deploymentId).then((found) => {
        const [oldest] = known.keys();
        if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
        known.set(key, found);
        return found;
      });
    },
  };
}

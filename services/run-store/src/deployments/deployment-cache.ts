import type { Queryable } from "@windlass/chassis";
import type { Environment } from "@windlass/proto";
import { environmentToProto } from "../conversions/environment-to-proto.ts";
import { selectDeployment } from "../store/select-deployment.ts";
import { selectEnvironment } from "../store/select-environment.ts";
import type { VariablesRevisions } from "../variables/variables-revisions.ts";

/** What a lease says beside the run. */
export interface DeploymentFacts {
  /** The deployment's version, for people. */
  readonly version: string;
  readonly bundleHash: string;
  readonly environment: Environment;
  /** Which of the environment's variables the attempt shall see. The only one of these that changes. */
  readonly variablesRevision: bigint;
}

/** What never changes. */
type LastingFacts = Omit<DeploymentFacts, "variablesRevision">;

/** Reads what lasts once, and the revision of the variables now and then. */
export interface DeploymentCache {
  /** At once when it is known, which it is but for the first claim of a version, and one every 2 s. */
  get(environmentId: string, deploymentId: string): DeploymentFacts | Promise<DeploymentFacts>;
}

/** Deployments remembered; the oldest is forgotten first. */
const MAX_KNOWN = 10_000;

export function createDeploymentCache(db: Queryable, variablesRevisions: VariablesRevisions): DeploymentCache {
  const known = new Map<string, LastingFacts>();

  const read = async (environmentId: string, deploymentId: string): Promise<LastingFacts> => {
    const deployment = await selectDeployment(db, environmentId, deploymentId);
    const environment = await selectEnvironment(db, environmentId);
    if (deployment === undefined || environment === undefined)
      throw new Error(`the deployment ${deploymentId} of ${environmentId} is missing`);
    return {
      version: deployment.version,
      bundleHash: deployment.bundle_hash,
      // What the limit is now, nobody asks a lease.
      environment: environmentToProto({ ...environment, concurrency_limit: null }),
    };
  };

  const lasting = async (environmentId: string, deploymentId: string): Promise<LastingFacts> => {
    const key = `${environmentId}/${deploymentId}`;
    const facts = known.get(key);
    if (facts !== undefined) return facts;
    const found = await read(environmentId, deploymentId);
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(key, found);
    return found;
  };

  const readBoth = async (
    environmentId: string,
    deploymentId: string,
    revision: bigint | Promise<bigint>,
  ): Promise<DeploymentFacts> => {
    const [facts, variablesRevision] = await Promise.all([lasting(environmentId, deploymentId), revision]);
    return { ...facts, variablesRevision };
  };

  return {
    get(environmentId, deploymentId) {
      const facts = known.get(`${environmentId}/${deploymentId}`);
      const revision = variablesRevisions.get(environmentId);
      if (facts !== undefined && typeof revision === "bigint") return { ...facts, variablesRevision: revision };
      return readBoth(environmentId, deploymentId, revision);
    },
  };
}

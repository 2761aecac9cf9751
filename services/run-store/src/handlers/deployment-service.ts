import type { Clock, Logger, Postgres, ServiceCall } from "@windlass/chassis";
import type { Deployment, DeploymentService } from "@windlass/proto";
import type { ServiceImplementation } from "@windlass/proto/grpc";
import { createDeployment } from "../deployments/create-deployment.ts";
import { getCurrentDeployment } from "../deployments/get-current-deployment.ts";
import { listDeployments } from "../deployments/list-deployments.ts";
import type { Feed } from "../feed/feed.ts";
import { promoteDeployment, rollBackDeployment } from "../deployments/promote-deployment.ts";
import { receiveUpload } from "../deployments/receive-upload.ts";
import { createUploadBudget } from "../deployments/upload-budget.ts";
import type { QueueAnnouncer } from "../queue/announce-queue-news.ts";
import {
  MAX_BUNDLE_BYTES,
  parseListDeployments,
  parsePromoteDeployment,
  parseRollbackDeployment,
} from "../validation/deployment-requests.ts";
import { environmentOf } from "./caller.ts";

/** What the handlers of DeploymentService work with. */
export interface DeploymentServiceOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  /** Hears of the next ticks of schedules. */
  readonly feed: Feed;
  readonly queueNews: QueueAnnouncer;
  readonly logger: Logger;
  /** Queues the environment's PENDING_VERSION runs that its current version knows. Called after the commit; what it misses a sweep finds. */
  readonly promotePendingRuns: (environmentId: string) => Promise<void>;
}

/** Memory for uploads under way: two of the largest. */
const UPLOAD_BUDGET_BYTES = 2 * MAX_BUNDLE_BYTES;

export function createDeploymentService(
  options: DeploymentServiceOptions,
): ServiceImplementation<typeof DeploymentService, ServiceCall> {
  const { postgres, clock, logger, promotePendingRuns } = options;
  const budget = createUploadBudget(UPLOAD_BUDGET_BYTES);

  /** Answers with what has become current, once the runs that waited for it are told to go. */
  const answerCurrent = async (environmentId: string, changed: Promise<Deployment>) => {
    const deployment = await changed;
    await promotePendingRuns(environmentId).catch((error: unknown) =>
      logger.warn("runs that waited for a version are left to the sweep", { environmentId, error }),
    );
    return { deployment };
  };

  return {
    createDeployment: async (requests, call) => {
      const environmentId = environmentOf(call);
      const stored = receiveUpload(requests, { budget, clock }, (upload) =>
        createDeployment(options, environmentId, upload),
      );
      return answerCurrent(environmentId, stored);
    },
    getCurrentDeployment: async (_, call) => ({
      deployment: await getCurrentDeployment(postgres, environmentOf(call)),
    }),
    listDeployments: async (request, call) =>
      listDeployments(postgres, environmentOf(call), parseListDeployments(request).page),
    promoteDeployment: async (request, call) => {
      const environmentId = environmentOf(call);
      const { version } = parsePromoteDeployment(request);
      return answerCurrent(environmentId, promoteDeployment(options, environmentId, version));
    },
    rollbackDeployment: async (request, call) => {
      const environmentId = environmentOf(call);
      const rollback = parseRollbackDeployment(request);
      return answerCurrent(environmentId, rollBackDeployment(options, environmentId, rollback));
    },
  };
}

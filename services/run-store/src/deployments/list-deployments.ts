import type { Queryable } from "@windlass/chassis";
import type { Deployment } from "@windlass/proto";
import { deploymentToProto } from "../conversions/deployment-to-proto.ts";
import * as store from "../store/list-deployments.ts";
import { selectDeploymentTasks } from "../store/select-deployment-tasks.ts";
import { DEPLOYMENT_LIST } from "../validation/deployment-requests.ts";
import { type Page, pageToken } from "../validation/page.ts";

/** 4 MB of texts a page: with one more version, whose index may be as large, it fits into a message. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;

/** A page of versions, newest first; shorter than asked for when their tasks would not fit into one message. */
export async function listDeployments(
  db: Queryable,
  environmentId: string,
  page: Page,
): Promise<{ deployments: Deployment[]; nextPageToken: string }> {
  const { deployments, hasMore } = await store.listDeployments(db, environmentId, {
    afterId: page.afterId,
    limit: page.size,
    maxIndexBytes: MAX_INDEX_BYTES,
  });
  const tasks = await selectDeploymentTasks(
    db,
    environmentId,
    deployments.map(({ id }) => id),
  );
  const last = deployments.at(-1);
  return {
    deployments: deployments.map((row) => deploymentToProto(row, tasks.get(row.id) ?? [])),
    nextPageToken: hasMore && last !== undefined ? pageToken(last.id, DEPLOYMENT_LIST) : "",
  };
}

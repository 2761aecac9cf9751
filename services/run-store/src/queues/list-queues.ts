import type { Queue } from "@windlass/proto";
import { queueNotFound } from "../failures.ts";
import { listQueues as listRows, selectQueue } from "../store/queues.ts";
import { type Page, pageToken } from "../validation/page.ts";
import { QUEUE_LIST } from "../validation/queue-requests.ts";
import { describeQueues, type DescribeQueuesOptions } from "./describe-queues.ts";

/** A page of queues, by name. */
export async function listQueues(
  options: DescribeQueuesOptions,
  environmentId: string,
  page: Page,
): Promise<{ queues: Queue[]; nextPageToken: string }> {
  const afterName = Buffer.from(page.afterId ?? "", "base64url").toString();
  const rows = await listRows(options.db, environmentId, { afterName, limit: page.size + 1 });
  const shown = rows.slice(0, page.size);
  const last = shown.at(-1);
  return {
    queues: await describeQueues(options, environmentId, shown),
    nextPageToken:
      rows.length > shown.length && last !== undefined
        ? pageToken(Buffer.from(last.name).toString("base64url"), QUEUE_LIST)
        : "",
  };
}

/** Reads a queue. Throws QUEUE_NOT_FOUND. */
export async function getQueue(options: DescribeQueuesOptions, environmentId: string, name: string): Promise<Queue> {
  const row = await selectQueue(options.db, environmentId, name);
  if (row === undefined) throw queueNotFound(name);
  const [queue] = await describeQueues(options, environmentId, [row]);
  if (queue === undefined) throw new Error("a queue has no description");
  return queue;
}

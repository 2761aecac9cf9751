import type { Queue } from "@windlass/proto";
import { callCluster, given } from "../client/call-cluster.ts";
import { checkPageSize, refuseUnknownOptions } from "../client/call-options.ts";
import { type Connection, defaultConnection } from "../client/connection.ts";
import { listPages, type PagePromise } from "../client/pages.ts";
import { invalidField } from "../client/windlass-error.ts";
import { isQueueName, QUEUE_NAME_LIMIT } from "../task/queue.ts";
import { isTaskId, TASK_ID_LIMIT } from "../task/task-id.ts";
import { OWN_QUEUE_PREFIX, type QueueSnapshot, queueSnapshotFromProto } from "./queue-snapshot.ts";

/** Names a queue: by its id, by what `queue()` or these functions returned, or as a task's own: { type: "task", name: "<the task's id>" }. */
export type QueueReference = string | { readonly type?: "task" | "custom" | undefined; readonly name: string };

const MAX_CONCURRENCY = 100_000;

/**
 * Reads and changes queues of the default connection's environment. A change holds for the next run to begin, within a second; what executes goes on.
 * Everything here throws WindlassError, QUEUE_NOT_FOUND among others.
 */
export const queues = {
  /** By name: `await` gives a page, `for await` all of them, fetched page by page. */
  list(options: { readonly limit?: number | undefined } = {}): PagePromise<QueueSnapshot> {
    return listPages(async (pageToken) => {
      refuseUnknownOptions(options, ["limit"]);
      const request = { pageSize: checkPageSize(options.limit), pageToken };
      const connection = defaultConnection();
      const response = await callCluster(connection, (call) => connection.queues.listQueues(request, call));
      return { items: response.queues.map(queueSnapshotFromProto), nextPageToken: response.nextPageToken };
    });
  },

  /** The queue as it is now. */
  retrieve(queue: QueueReference): Promise<QueueSnapshot> {
    return change(queue, ({ queues: client }, request, call) => client.getQueue(request, call));
  },

  /** Lets none of its runs begin. Safe to repeat. */
  pause(queue: QueueReference): Promise<QueueSnapshot> {
    return change(queue, ({ queues: client }, request, call) => client.pauseQueue(request, call));
  },

  /** Ends a pause. Safe to repeat. */
  resume(queue: QueueReference): Promise<QueueSnapshot> {
    return change(queue, ({ queues: client }, request, call) => client.resumeQueue(request, call));
  },

  /** Sets a limit that holds instead of the declared one, across deployments, until it is reset: 0 to 100,000; 0 holds everything back. */
  async overrideConcurrencyLimit(queue: QueueReference, concurrencyLimit: number): Promise<QueueSnapshot> {
    if (!Number.isInteger(concurrencyLimit) || concurrencyLimit < 0 || concurrencyLimit > MAX_CONCURRENCY) {
      throw invalidField(
        "concurrencyLimit",
        `must be a whole number from 0 to ${MAX_CONCURRENCY.toLocaleString("en")}.`,
      );
    }
    return change(queue, ({ queues: client }, { name }, call) =>
      client.overrideConcurrencyLimit({ name, concurrencyLimit }, call),
    );
  },

  /** Ends an override: what the tasks say holds again. Safe to repeat. */
  resetConcurrencyLimit(queue: QueueReference): Promise<QueueSnapshot> {
    return change(queue, ({ queues: client }, request, call) => client.resetConcurrencyLimit(request, call));
  },
};

async function change(
  reference: QueueReference,
  ask: (
    connection: Connection,
    request: { readonly name: string },
    call: { timeoutMs: number },
  ) => Promise<{ readonly queue?: Queue | undefined }>,
): Promise<QueueSnapshot> {
  const name = queueNameOf(reference);
  const connection = defaultConnection();
  const { queue } = await callCluster(connection, (call) => ask(connection, { name }, call));
  return queueSnapshotFromProto(given(queue, `the queue ${name}`));
}

/** The whole name. Throws FIELD_INVALID. */
function queueNameOf(reference: unknown): string {
  if (typeof reference !== "object" || reference === null) return checkName("queue", reference);
  const { type = "custom", name } = reference as { readonly type?: unknown; readonly name?: unknown };
  if (type === "custom") return checkName("queue.name", name);
  if (type !== "task") throw invalidField("queue.type", 'must be "task" or "custom".');
  if (!isTaskId(name)) throw invalidField("queue.name", `${TASK_ID_LIMIT}.`);
  return `${OWN_QUEUE_PREFIX}${name}`;
}

/** A task's own queue has the id of the task in its name, whatever characters that has. */
function checkName(field: string, name: unknown): string {
  const isOwn =
    typeof name === "string" && name.startsWith(OWN_QUEUE_PREFIX) && isTaskId(name.slice(OWN_QUEUE_PREFIX.length));
  if (isOwn || isQueueName(name)) return name;
  throw invalidField(field, `must be the name of a queue: ${QUEUE_NAME_LIMIT}`);
}

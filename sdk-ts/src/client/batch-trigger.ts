import type { AnyRunHandle } from "./run-handle.ts";
import { type PreparedTrigger, prepareTrigger, sendTrigger } from "./trigger-task.ts";
import { type Connection, defaultConnection } from "./connection.ts";
import { createRequestId } from "./request-id.ts";
import type { TriggerOptions } from "./trigger-options.ts";
import { invalidField, WindlassError, windlassErrorFrom } from "./windlass-error.ts";

/** One of a batch, whatever its task. */
export interface AnyBatchItem {
  readonly id: string;
  readonly payload?: unknown;
  readonly options?: TriggerOptions | undefined;
}

/** A stored batch, stripped of its types. */
export interface AnyBatchHandle {
  readonly batchId: string;
  readonly runCount: number;
  readonly runs: readonly AnyRunHandle[];
}

/** As many as one wait can name. */
const MAX_ITEMS = 1_000;
const ITEM_FIELDS = ["id", "payload", "options"];

/**
 * Triggers several tasks at once. Every item is checked before any is sent. Throws WindlassError: FIELD_INVALID naming item and field; when the cluster
 * refuses some, the error says which, and that the others are stored.
 */
export async function triggerBatch(items: readonly AnyBatchItem[]): Promise<AnyBatchHandle> {
  return sendBatch(defaultConnection, items);
}

export async function sendBatch(connect: () => Connection, items: readonly AnyBatchItem[]): Promise<AnyBatchHandle> {
  const prepared = prepareBatch(items);
  const batchId = `batch_${createRequestId()}`;
  if (prepared.length === 0) return { batchId, runCount: 0, runs: [] };
  const connection = connect();
  const sent = await Promise.allSettled(prepared.map((trigger) => sendTrigger(connection, trigger, batchId)));
  const runs = sent.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = sent.findIndex(({ status }) => status === "rejected");
  if (failed !== -1) throw itemFailed(sent, failed, batchId, runs.length);
  return { batchId, runCount: runs.length, runs };
}

function prepareBatch(items: readonly AnyBatchItem[]): PreparedTrigger[] {
  if (!Array.isArray(items)) throw invalidField("items", "must be an array.");
  if (items.length > MAX_ITEMS) {
    throw invalidField("items", `must be at most ${MAX_ITEMS.toLocaleString("en")}; there are ${items.length}.`);
  }
  return items.map((item: AnyBatchItem, index) => {
    const place = `items[${index}]`;
    if (typeof item !== "object" || item === null) throw invalidField(place, "must be an object with a payload.");
    const unknown = Object.keys(item).find((key) => !ITEM_FIELDS.includes(key));
    if (unknown !== undefined) throw invalidField(`${place}.${unknown}`, "is not a field of a batch's item.");
    return prepareTrigger(item.id, item.payload, item.options, `${place}.`);
  });
}

function itemFailed(
  sent: readonly PromiseSettledResult<unknown>[],
  failed: number,
  batchId: string,
  storedCount: number,
): WindlassError {
  const cause = windlassErrorFrom((sent[failed] as PromiseRejectedResult).reason);
  const message = `items[${failed}] of ${batchId} was not triggered (${storedCount} of ${sent.length} were): ${cause.message}`;
  return new WindlassError(cause.reason, message, { violations: cause.violations, cause });
}

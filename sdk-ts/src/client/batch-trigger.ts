import type { PayloadParser } from "../task/payload-parser.ts";
import type { BatchItems, FailedBatchItem } from "../task/task-types.ts";
import { type Connection, defaultConnection, parentRunId } from "./connection.ts";
import type { AnyRunHandle } from "./run-handle.ts";
import { checkPayload, type PreparedTrigger, prepareTrigger, withVersion } from "./trigger-task.ts";
import { createRequestId } from "./request-id.ts";
import { traceBatch } from "./tracing.ts";
import type { TriggerOptions } from "./trigger-options.ts";
import {
  bytesOf,
  MAX_PAYLOAD_BYTES_IN_MESSAGE,
  MAX_TRIGGERS_IN_MESSAGE,
  type OutgoingTrigger,
  type TriggerOutcome,
} from "./trigger-stream.ts";
import { backOff } from "./retrying.ts";
import { invalidField, WindlassError, type WindlassErrorReason } from "./windlass-error.ts";

/** One of a batch, whatever its task. */
export interface AnyBatchItem {
  readonly id: string;
  readonly payload?: unknown;
  readonly options?: TriggerOptions | undefined;
}

/** The items of a batch, and how each is read: nothing about them is believed. */
export interface AnyBatchItems {
  readonly items: BatchItems<unknown>;
  /** Makes an `AnyBatchItem` of an item that is one. Default: as it is. */
  readonly read?: (item: unknown) => unknown;
  /** What checks the payload of an item, as it comes, before it is sent. Default: nothing. */
  readonly parserOf?: (item: unknown) => PayloadParser | undefined;
}

/** What became of one item. */
export type ItemOutcome =
  | {
      readonly ok: true;
      readonly run: AnyRunHandle;
      /** False when it may be another batch's, or nobody's: its idempotency key stood for a run already. */
      readonly isOfBatch: boolean;
    }
  | { readonly ok: false; readonly taskIdentifier: string; readonly error: WindlassError };

/** A stored batch, stripped of its types. */
export interface AnyBatchHandle {
  readonly batchId: string;
  readonly runCount: number;
  readonly runs: readonly AnyRunHandle[];
  readonly failedItems: readonly FailedBatchItem[];
}

/** A stored batch, item by item. */
export interface SentBatch {
  readonly batchId: string;
  /** In the items' order. */
  readonly outcomes: readonly ItemOutcome[];
}

const MAX_BATCH_ITEMS = 100_000;
/** Of the cluster's moment, not of the item. */
const PASSING: ReadonlySet<WindlassErrorReason> = new Set(["NOT_READY", "OVERLOADED"]);
const ITEM_FIELDS = ["id", "payload", "options"];

/** Triggers several tasks at once. Throws as `sendBatch` does. */
export async function triggerBatch(batch: AnyBatchItems): Promise<AnyBatchHandle> {
  const { batchId, outcomes } = await sendBatch(defaultConnection, batch);
  const runs = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.run] : []));
  return { batchId, runCount: runs.length, runs, failedItems: failedItemsOf(outcomes) };
}

function failedItemsOf(outcomes: readonly ItemOutcome[]): FailedBatchItem[] {
  return outcomes.flatMap((outcome, index) =>
    outcome.ok ? [] : [{ index, taskIdentifier: outcome.taskIdentifier, error: outcome.error }],
  );
}

/**
 * Sends the items message after message, in their order: the next is prepared while one is being answered, and no more are held. An item that is wrong, or
 * that the cluster refuses, fails alone. Throws WindlassError: FIELD_INVALID for items that are none or too many (of an array before anything is sent), and
 * when a message is not answered; what an iterable throws is thrown. Then the error names the batch, and what came before it is stored. `version`: of the runs
 * whose options name none; otherwise they are of the current one.
 */
export async function sendBatch(connect: () => Connection, batch: AnyBatchItems, version?: string): Promise<SentBatch> {
  checkItems(batch.items);
  const batchId = `batch_${createRequestId()}`;
  const outcomes: ItemOutcome[] = [];
  if (Array.isArray(batch.items) && batch.items.length === 0) return { batchId, outcomes };
  const connection = connect();
  await traceBatch(batchId, async (traceparent) => {
    const common = { traceparent, parentRunId: parentRunId(connection), batchId, version };
    let answered = Promise.resolve();
    try {
      for await (const part of partsOf(batch)) {
        await answered;
        answered = sendPart(connection, part, common, outcomes);
        answered.catch(() => {}); // Awaited below, when the next part is ready.
      }
      await answered;
    } catch (error) {
      await answered.catch(() => {});
      throw brokenOff(error, batchId, outcomes);
    }
  });
  return { batchId, outcomes };
}

/** What all triggers of a batch say. */
interface CommonToBatch {
  readonly traceparent: string;
  readonly parentRunId: string;
  readonly batchId: string;
  readonly version: string | undefined;
}

type PreparedItem = PreparedTrigger | Extract<ItemOutcome, { ok: false }>;

/** Items as they travel together, prepared. */
async function* partsOf({
  items,
  read = (item) => item,
  parserOf = () => undefined,
}: AnyBatchItems): AsyncGenerator<PreparedItem[], void, undefined> {
  let part: PreparedItem[] = [];
  let bytes = 0;
  let index = 0;
  for await (const item of items) {
    if (index === MAX_BATCH_ITEMS) throw tooMany();
    const place = `items[${index++}]`;
    const parse = parserOf(item);
    const ready = prepareItem(item, read, place);
    const prepared = parse === undefined ? ready : await checkItem(item, ready, parse, `${place}.payload`);
    part.push(prepared);
    if ("payload" in prepared) bytes += bytesOf({ payload: prepared.payload, options: prepared.checked.options });
    if (part.length < MAX_TRIGGERS_IN_MESSAGE && bytes <= MAX_PAYLOAD_BYTES_IN_MESSAGE) continue;
    yield part;
    [part, bytes] = [[], 0];
  }
  if (part.length > 0) yield part;
}

async function sendPart(
  connection: Connection,
  part: readonly PreparedItem[],
  common: CommonToBatch,
  outcomes: ItemOutcome[],
): Promise<void> {
  const triggers = part.flatMap((item) => ("payload" in item ? [outgoing(item, common)] : []));
  const answers = (triggers.length === 0 ? [] : await triggerAll(connection, triggers)).values();
  for (const item of part) {
    if (!("payload" in item)) {
      outcomes.push(item);
      continue;
    }
    const answer = answers.next().value;
    if (answer === undefined)
      throw new WindlassError("INTERNAL", "The cluster answered fewer triggers than were sent.");
    outcomes.push(outcomeOf(item, answer));
  }
}

function outcomeOf({ taskId, checked }: PreparedTrigger, answer: TriggerOutcome): ItemOutcome {
  if (!answer.ok) return { ok: false, taskIdentifier: taskId, error: answer.error };
  const { runId, isCached } = answer.run;
  const isOfBatch = !isCached || !checked.options?.idempotencyKey;
  return { ok: true, run: { id: runId, taskIdentifier: taskId, isCached }, isOfBatch };
}

/** What became of each. A trigger that fails in passing is sent again, under the same request id, until the time is over: a batch outlasts a moment's load. */
async function triggerAll(
  { triggers: stream, config }: Connection,
  triggers: readonly OutgoingTrigger[],
): Promise<readonly TriggerOutcome[]> {
  const endMs = performance.now() + config.timeoutMs;
  const outcomes = await stream.triggerTogether(triggers);
  for (let failedTries = 0; performance.now() < endMs; failedTries++) {
    const again = outcomes.flatMap((outcome, index) =>
      !outcome.ok && PASSING.has(outcome.error.reason) ? [{ index, trigger: triggers[index]! }] : [],
    );
    if (again.length === 0) break;
    await backOff(failedTries);
    const repeated = await stream.triggerTogether(again.map(({ trigger }) => trigger));
    for (const [place, { index }] of again.entries()) outcomes[index] = repeated[place]!;
  }
  return outcomes;
}

function outgoing(
  { taskId, payload, checked }: PreparedTrigger,
  { traceparent, parentRunId, batchId, version }: CommonToBatch,
): OutgoingTrigger {
  const versioned = version === undefined ? checked : withVersion(checked, version);
  const options = { ...versioned.options, batchId };
  return { ...checked, requestId: createRequestId(), taskId, payload, traceparent, parentRunId, options };
}

/** An item that is wrong is one that failed. */
function prepareItem(given: unknown, read: (item: unknown) => unknown, place: string): PreparedItem {
  let taskIdentifier = "";
  try {
    const item = read(given) as Partial<AnyBatchItem> | null | undefined;
    if (typeof item !== "object" || item === null) throw invalidField(place, "must be an object with a payload.");
    const { id, payload, options } = item;
    if (typeof id === "string") taskIdentifier = id;
    const unknown = Object.keys(item).find((key) => !ITEM_FIELDS.includes(key));
    if (unknown !== undefined) throw invalidField(`${place}.${unknown}`, "is not a field of a batch's item.");
    if (options?.debounce !== undefined)
      throw invalidField(`${place}.options.debounce`, "cannot be given in a batch: its runs are its own.");
    return prepareTrigger(id as string, payload, options, `${place}.`);
  } catch (error) {
    const cause = error instanceof WindlassError ? error : invalidField(place, "cannot be read.", error);
    return { ok: false, taskIdentifier, error: cause };
  }
}

/** An item whose payload its task's schema refuses is one that failed. */
async function checkItem(
  given: unknown,
  prepared: PreparedItem,
  parse: PayloadParser,
  field: string,
): Promise<PreparedItem> {
  if (!("payload" in prepared)) return prepared;
  try {
    await checkPayload(field, (given as { readonly payload?: unknown }).payload, parse);
    return prepared;
  } catch (error) {
    return { ok: false, taskIdentifier: prepared.taskId, error: error as WindlassError };
  }
}

function checkItems(items: unknown): void {
  const isIterable =
    typeof items === "object" && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items);
  if (!isIterable) throw invalidField("items", "must be an array, or something else that can be iterated.");
  if (Array.isArray(items) && items.length > MAX_BATCH_ITEMS) throw tooMany();
}

function tooMany(): WindlassError {
  return invalidField("items", `must be at most ${MAX_BATCH_ITEMS.toLocaleString("en")}.`);
}

/** The error that ended a batch early, and what is left of it. What an iterable of the caller's threw stays as it is. */
function brokenOff(error: unknown, batchId: string, outcomes: readonly ItemOutcome[]): unknown {
  if (!(error instanceof WindlassError)) return error;
  const { reason, violations, retryAt, hint } = error;
  const detail = hint === undefined ? error.message : error.message.slice(0, -hint.length).trim();
  const storedCount = outcomes.filter(({ ok }) => ok).length;
  const message = `${batchId} was broken off after ${outcomes.length} items, of which ${storedCount} are stored: ${detail}`;
  return new WindlassError(reason, message, { violations, retryAt, cause: error });
}

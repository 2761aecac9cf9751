import { type Clock, createBatcher, type Queryable } from "@windlass/chassis";
import { asCallFailure, CallFailure } from "@windlass/proto/grpc";
import { queueFull } from "../failures.ts";
import type { RunTrigger, Triggered, TriggerRequest } from "../runs/trigger-runs.ts";
import { findIdempotencyKeys } from "../store/claim-idempotency-keys.ts";
import { findRunsByRequest } from "../store/find-runs-by-request.ts";
import { countWaiting } from "../store/select-queue-lengths.ts";
import type { LengthRules, QueueLengths } from "./queue-lengths.ts";
import type { QueueNames } from "./queue-names.ts";

export interface AdmitTriggersOptions {
  readonly db: Queryable;
  readonly clock: Clock;
  readonly lengths: QueueLengths;
  readonly names: QueueNames;
}

/** Triggers of one call, some of which go to queues that may be full. */
interface Request {
  readonly environmentId: string;
  readonly triggers: readonly TriggerRequest[];
  readonly rules: LengthRules;
}

type Outcome = Triggered | CallFailure;

/**
 * A trigger of runs that refuses with QUEUE_FULL what a queue has no room for, and makes the queues that triggers name. A trigger that repeats an earlier one is answered all the
 * same; one that is delayed takes no room, and is queued when its time comes however long the queue is by then. Nothing is asked for triggers that name no queue, in an environment
 * none of whose queues has a maximum length. Triggers that fill such queues are counted and stored batch after batch: with several replicas, a queue can grow beyond its maximum by
 * a batch of each other replica.
 */
export function admitTriggers(inner: RunTrigger, options: AdmitTriggersOptions): RunTrigger {
  const { lengths, names } = options;
  const batcher = createBatcher<Request, Outcome[] | CallFailure>({
    name: "triggers of bounded queues",
    concurrency: 1,
    run: (requests) => storeWithinBounds(inner, options, requests),
  });

  const triggerBounded = async (request: Request): Promise<Outcome[]> => {
    const outcomes = await batcher.submit(request);
    if (outcomes instanceof CallFailure) throw outcomes;
    return outcomes;
  };

  const triggerWith = (rules: LengthRules, environmentId: string, triggers: readonly TriggerRequest[]) =>
    rules.maxByQueue.size === 0 || !triggers.some((trigger) => boundedQueue(trigger, rules) !== undefined)
      ? inner.trigger(environmentId, triggers)
      : triggerBounded({ environmentId, triggers, rules });

  const triggerSlowly = async (
    environmentId: string,
    triggers: readonly TriggerRequest[],
    rules: LengthRules | Promise<LengthRules>,
    named: Promise<void> | undefined,
  ): Promise<Outcome[]> => {
    await named;
    return triggerWith(await rules, environmentId, triggers);
  };

  return {
    ...inner,
    trigger(environmentId, triggers) {
      const rules = lengths.get(environmentId);
      const queues = triggers.flatMap((trigger) => (trigger.queue === "" ? [] : [trigger.queue]));
      const named = queues.length === 0 ? undefined : names.ensure(environmentId, queues);
      return named === undefined && !(rules instanceof Promise)
        ? triggerWith(rules, environmentId, triggers)
        : triggerSlowly(environmentId, triggers, rules, named);
    },
    drain: async () => {
      await batcher.drain();
      await inner.drain();
    },
  };
}

/** The queue that a trigger goes to, if that one has a maximum length. */
function boundedQueue(trigger: TriggerRequest, { maxByQueue, queueByTask }: LengthRules): string | undefined {
  if (trigger.queue === "") return queueByTask.get(trigger.taskId);
  return maxByQueue.has(trigger.queue) ? trigger.queue : undefined;
}

async function storeWithinBounds(
  inner: RunTrigger,
  options: AdmitTriggersOptions,
  requests: readonly Request[],
): Promise<(Outcome[] | CallFailure)[]> {
  const refusals = await findRefused(options, requests);
  return Promise.all(
    requests.map(async ({ environmentId, triggers }) => {
      const admitted = triggers.filter((trigger) => !refusals.has(trigger));
      try {
        const outcomes = admitted.length === 0 ? [] : await inner.trigger(environmentId, admitted);
        const stored = outcomes.values();
        return triggers.map((trigger) => {
          const outcome = refusals.get(trigger) ?? stored.next().value;
          return outcome ?? asCallFailure(new Error("a trigger has no result"));
        });
      } catch (error) {
        return asCallFailure(error);
      }
    }),
  );
}

/** Hands out the room there is in the order of the triggers; those for which none is left, unless they repeat an earlier trigger. */
async function findRefused(
  { db, clock }: AdmitTriggersOptions,
  requests: readonly Request[],
): Promise<Map<TriggerRequest, CallFailure>> {
  const bounds = new Map<
    string,
    { readonly environmentId: string; readonly name: string; readonly maxLength: number }
  >();
  const fillers: { readonly key: string; readonly environmentId: string; readonly trigger: TriggerRequest }[] = [];
  for (const { environmentId, triggers, rules } of requests) {
    for (const trigger of triggers) {
      const name = isDelayed(trigger, clock) ? undefined : boundedQueue(trigger, rules);
      if (name === undefined) continue;
      const key = `${environmentId}/${name}`;
      bounds.set(key, { environmentId, name, maxLength: rules.maxByQueue.get(name) ?? 0 });
      fillers.push({ key, environmentId, trigger });
    }
  }
  const counts = await countWaiting(db, Array.from(bounds.values()));
  const room = new Map<string, number>();
  for (const row of counts) {
    const key = `${row.environment_id}/${row.name}`;
    room.set(key, (bounds.get(key)?.maxLength ?? 0) - row.count);
  }
  const excess = fillers.filter(({ key }) => {
    const left = room.get(key) ?? 0;
    room.set(key, left - 1);
    return left <= 0;
  });
  const repeats = await findRepeats(db, excess);
  const refused = new Map<TriggerRequest, CallFailure>();
  for (const { key, trigger } of excess) {
    const { name, maxLength } = bounds.get(key) ?? { name: "", maxLength: 0 };
    if (!repeats.has(trigger)) refused.set(trigger, queueFull(name, maxLength));
  }
  return refused;
}

function isDelayed({ options }: TriggerRequest, clock: Clock): boolean {
  return (
    options.debounce !== undefined || (options.startTimeUs !== undefined && options.startTimeUs > clock.nowMs() * 1_000)
  );
}

/** Those whose request id, or idempotency key, has made a run already. */
async function findRepeats(
  db: Queryable,
  triggers: readonly { readonly environmentId: string; readonly trigger: TriggerRequest }[],
): Promise<Set<TriggerRequest>> {
  if (triggers.length === 0) return new Set();
  const requests = triggers.map(({ environmentId, trigger }) => ({ environmentId, requestId: trigger.requestId }));
  const rows = await findRunsByRequest(db, requests);
  const known = new Set(rows.map((row) => `${row.environment_id}/${row.request_id}`));
  const keyed = triggers.filter(({ trigger }) => trigger.options.idempotency !== undefined);
  const holders = await findIdempotencyKeys(
    db,
    keyed.map(({ environmentId, trigger }) => ({
      environmentId,
      taskId: trigger.taskId,
      key: trigger.options.idempotency?.key ?? "",
      runId: "",
      ttlMs: 0,
    })),
  );
  const repeats = new Set(
    triggers
      .filter(({ environmentId, trigger }) => known.has(`${environmentId}/${trigger.requestId}`))
      .map(({ trigger }) => trigger),
  );
  for (const [index, { trigger }] of keyed.entries()) if (holders[index] !== undefined) repeats.add(trigger);
  return repeats;
}

import type { Clock, Logger, Queryable } from "@windlass/chassis";
import type { Feed } from "../feed/feed.ts";
import { selectQueueLengths } from "../store/select-queue-lengths.ts";

/** Which queues of an environment have a maximum length; mostly none. */
export interface LengthRules {
  readonly maxByQueue: ReadonlyMap<string, number>;
  /** The queues of tasks that have one, of those alone. */
  readonly queueByTask: ReadonlyMap<string, string>;
}

/** Knows of every environment that triggers which of its queues have a maximum length, so that a trigger need not ask. */
export interface QueueLengths {
  /** At once, but for an environment's first trigger and the first one after its queues were changed. What another replica changed is seen within 2 s. */
  get(environmentId: string): LengthRules | Promise<LengthRules>;
}

/** Rules older than this are read again beside the trigger that found them so. */
const REFRESH_MS = 1_000;
/** Rules of an environment that has not triggered for so long are read before its next trigger. */
const MAX_AGE_MS = 30_000;
const MAX_KNOWN = 10_000;

export function createQueueLengths({
  db,
  feed,
  clock,
  logger,
}: {
  readonly db: Queryable;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly logger: Logger;
}): QueueLengths {
  const known = new Map<string, { readonly rules: LengthRules; readonly readMs: number }>();
  const questions = new Map<string, Promise<LengthRules>>();
  feed.queueSettings.listen((changes) => {
    for (const { environmentId } of changes) {
      known.delete(environmentId);
      questions.delete(environmentId);
    }
  });

  const read = async (environmentId: string): Promise<LengthRules> => {
    const rows = await selectQueueLengths(db, environmentId);
    return {
      maxByQueue: new Map(rows.map((row) => [row.name, row.max_length])),
      queueByTask: new Map(rows.flatMap((row) => row.task_ids.map((taskId) => [taskId, row.name] as const))),
    };
  };

  const ask = (environmentId: string): Promise<LengthRules> => {
    const readMs = clock.monotonicMs();
    const question = read(environmentId)
      .then((rules) => {
        // A change committed here meanwhile is newer than what was read.
        if (questions.get(environmentId) === question) remember(environmentId, rules, readMs);
        return rules;
      })
      .finally(() => {
        if (questions.get(environmentId) === question) questions.delete(environmentId);
      });
    questions.set(environmentId, question);
    return question;
  };

  const remember = (environmentId: string, rules: LengthRules, readMs: number): void => {
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN && oldest !== undefined && !known.has(environmentId)) known.delete(oldest);
    known.set(environmentId, { rules, readMs });
  };

  return {
    get(environmentId) {
      const entry = known.get(environmentId);
      const ageMs = entry === undefined ? Infinity : clock.monotonicMs() - entry.readMs;
      if (entry === undefined || ageMs > MAX_AGE_MS) return questions.get(environmentId) ?? ask(environmentId);
      if (ageMs > REFRESH_MS && !questions.has(environmentId))
        ask(environmentId).catch((error: unknown) =>
          logger.debug("the lengths of queues could not be read again", { environmentId, error }),
        );
      return entry.rules;
    },
  };
}

import { setTimeout as delay } from "node:timers/promises";
import type { RunEvent } from "../../client/run-event.ts";
import type { RunSnapshot } from "../../client/run-snapshot.ts";
import { runs } from "../../client/runs.ts";
import { newestRuns } from "../newest-runs.ts";

/** How often the environment is asked for new runs: the API has no stream of an environment's runs. Each run's timeline is pushed. */
const ASK_INTERVAL_MS = 1_000;
/** How many runs are looked at each time. */
const NEWEST = 100;
const MAX_FOLLOWED = 100;
/** Runs told of already; the oldest are forgotten, which are no longer among the newest by far. */
const MAX_KNOWN = 10_000;

/** Who is told what happens. */
export interface EnvironmentListener {
  onEvent(run: Pick<RunSnapshot, "id" | "taskIdentifier">, event: RunEvent): void;
  /** Something the reader should know of: runs that are not followed, a cluster that cannot be reached, and that it is back. */
  onRemark(text: string): void;
}

/**
 * Tells of every run of the environment that is not over when this begins, or is triggered later: its timeline from now on, as it grows. Survives a cluster
 * that cannot be reached. Ends when the signal aborts; the runs go on.
 */
export async function followEnvironment(signal: AbortSignal, listener: EnvironmentListener): Promise<void> {
  const beganAt = new Date();
  const known = new Set<string>();
  const following = new Set<Promise<void>>();
  let isFirst = true;
  let isAway = false;
  while (!signal.aborted) {
    try {
      const { runs: newest } = await newestRuns({}, NEWEST);
      if (isAway) listener.onRemark("the cluster can be reached again");
      isAway = false;
      const fresh = newest.filter(({ id }) => !known.has(id)).toReversed();
      if (!isFirst && fresh.length === NEWEST) listener.onRemark("more runs are triggered than are followed here");
      for (const run of fresh) {
        remember(known, run.id);
        if (isFirst && run.isCompleted) continue;
        if (following.size >= MAX_FOLLOWED) {
          listener.onRemark(`${run.id} is not followed: ${MAX_FOLLOWED} others are`);
          continue;
        }
        const followed = follow(run, isFirst ? beganAt : undefined, signal, listener);
        following.add(followed);
        void followed.finally(() => following.delete(followed));
      }
      isFirst = false;
    } catch (error) {
      if (!isAway && !signal.aborted) listener.onRemark(`runs are not followed: ${messageOf(error)}`);
      isAway = true;
    }
    await delay(ASK_INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
  await Promise.all(following);
}

/** Rejects never: a timeline that cannot be read is a remark. */
async function follow(
  run: RunSnapshot,
  from: Date | undefined,
  signal: AbortSignal,
  listener: EnvironmentListener,
): Promise<void> {
  try {
    for await (const event of runs.subscribeToEvents(run.id, { signal })) {
      if (from === undefined || event.time >= from) listener.onEvent(run, event);
    }
  } catch (error) {
    if (!signal.aborted) listener.onRemark(`${run.id} is not followed any more: ${messageOf(error)}`);
  }
}

function remember(known: Set<string>, id: string): void {
  known.add(id);
  if (known.size <= MAX_KNOWN) return;
  const [oldest] = known;
  if (oldest !== undefined) known.delete(oldest);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

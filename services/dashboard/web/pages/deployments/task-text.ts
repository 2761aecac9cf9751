import type { TaskDefinition } from "@windlass/proto";
import { formatDuration } from "../../format/duration.ts";

/** The queue that runs of a task wait in. */
export function queueText({ id, queue }: TaskDefinition): string {
  return queue === "" ? `task/${id}` : queue;
}

/** How long an attempt may run. */
export function durationLimitText({ maxDurationSeconds: seconds }: TaskDefinition): string {
  return seconds === 0 ? "–" : formatDuration(seconds * 1_000).replace(".0 s", " s");
}

/** What becomes of tasks when the version with `next` is current in place of the one with `now`, for people; empty when nothing does. */
export function changeTexts(now: readonly TaskDefinition[], next: readonly TaskDefinition[]): readonly string[] {
  const missing = idsNotIn(now, next);
  const added = idsNotIn(next, now);
  return [
    ...(missing.length > 0
      ? [`It does not have ${listText(missing)}: runs of these wait for a version that does.`]
      : []),
    ...(added.length > 0 ? [`It has ${listText(added)}, which the current version does not.`] : []),
  ];
}

const MAX_NAMED = 6;

function idsNotIn(tasks: readonly TaskDefinition[], others: readonly TaskDefinition[]): readonly string[] {
  const known = new Set(others.map(({ id }) => id));
  return tasks.map(({ id }) => id).filter((id) => !known.has(id));
}

function listText(ids: readonly string[]): string {
  const named = ids.slice(0, MAX_NAMED).join(", ");
  return ids.length > MAX_NAMED ? `${named} and ${ids.length - MAX_NAMED} more` : named;
}

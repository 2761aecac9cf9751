import type { RunEvent } from "../client/run-event.ts";
import { runs } from "../client/runs.ts";

/** The most entries that a command keeps in memory. */
const MAX_EVENTS = 100_000;
/** The stored part of a timeline comes without a pause; after this much silence it is over. */
const QUIET_MS = 250;

/** Entries of a run's timeline. */
export interface Timeline {
  readonly events: RunEvent[];
  /** There are more than are kept. */
  readonly isCut: boolean;
}

/** What is stored of a run's timeline; of one that is not over, up to about now. */
export async function storedTimeline(runId: string, signal: AbortSignal): Promise<Timeline> {
  const quiet = new AbortController();
  const events: RunEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const event of runs.subscribeToEvents(runId, { signal: AbortSignal.any([signal, quiet.signal]) })) {
      if (events.length === MAX_EVENTS) return { events, isCut: true };
      events.push(event);
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), QUIET_MS);
    }
    signal.throwIfAborted();
    return { events, isCut: false };
  } finally {
    clearTimeout(timer);
  }
}

/** Follows a run to its end and hands on every entry; what it returns is kept as far as there is room. */
export async function followTimeline(
  runId: string,
  signal: AbortSignal,
  onEvent: (event: RunEvent) => void,
): Promise<Timeline> {
  const events: RunEvent[] = [];
  let isCut = false;
  for await (const event of runs.subscribeToEvents(runId, { signal })) {
    onEvent(event);
    if (events.length < MAX_EVENTS) events.push(event);
    else isCut = true;
  }
  signal.throwIfAborted();
  return { events, isCut };
}

import { type RunEvent, RunService } from "@windlass/proto";
import { useEffect, useRef, useState } from "react";
import { type StreamState, useStream } from "../../api/use-stream.ts";

/** A run's timeline as far as it is known, and whether it is followed. */
export interface Timeline {
  readonly events: readonly RunEvent[];
  readonly state: StreamState;
  readonly error: unknown;
}

/** Follows a run's timeline from its first event to its end; after a break it goes on behind the last event seen. Draws at most once a frame. */
export function useTimeline(runId: string): Timeline {
  const [events, setEvents] = useState<readonly RunEvent[]>([]);
  const lastSeq = useRef(0n);
  const unseen = useRef<RunEvent[]>([]);
  const frame = useRef(0);

  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
      lastSeq.current = 0n;
      unseen.current = [];
      setEvents([]);
    },
    [runId],
  );
  const show = (): void => {
    frame.current = 0;
    const added = unseen.current;
    unseen.current = [];
    setEvents((shown) => [...shown, ...added]);
  };
  const { state, error } = useStream(RunService.method.watchRun, {
    key: runId,
    request: () => ({ runId, afterSeq: lastSeq.current }),
    onMessage: ({ events: added }) => {
      for (const event of added) {
        if (event.seq <= lastSeq.current) continue;
        lastSeq.current = event.seq;
        unseen.current.push(event);
      }
      if (frame.current === 0) frame.current = requestAnimationFrame(show);
    },
  });
  return { events, state, error };
}

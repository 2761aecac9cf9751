import { type RunEvent, RunService } from "@windlass/proto";
import { useEffect, useRef, useState } from "react";
import { type StreamState, useStream } from "../../api/use-stream.ts";
import { Waterfall } from "./waterfall.ts";

/** A run's timeline as far as it is known, and whether it is followed. A new object with every drawing; its waterfall grows. */
export interface Timeline {
  readonly waterfall: Waterfall;
  readonly state: StreamState;
  readonly error: unknown;
}

/** Events drawn in one frame, so that the first drawing of a long timeline does not stop the page. */
const MAX_EVENTS_A_FRAME = 4_000;

/**
 * Follows a run's timeline from its first event to its end; after a break it goes on behind the last event seen. Draws at most once a frame.
 * For one run: a component that shows another has another key.
 */
export function useTimeline(runId: string): Timeline {
  const [drawn, setDrawn] = useState(() => ({ waterfall: new Waterfall() }));
  const lastSeq = useRef(0n);
  const unseen = useRef<RunEvent[]>([]);
  const frame = useRef(0);

  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    },
    [],
  );
  const { waterfall } = drawn;
  const show = (): void => {
    for (const event of unseen.current.splice(0, MAX_EVENTS_A_FRAME)) waterfall.add(event);
    frame.current = unseen.current.length === 0 ? 0 : requestAnimationFrame(show);
    setDrawn({ waterfall });
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
  return { waterfall, state, error };
}

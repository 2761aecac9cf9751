import { formatDistance, formatMoment, formatTime } from "../format/time.ts";
import { useNow } from "./use-now.ts";

/** A moment: its time of day, or how long ago it was, which keeps up; everything about it on pointing at it. */
export function Time({ ms, as = "time" }: { readonly ms: number | undefined; readonly as?: "time" | "distance" }) {
  const nowMs = useNow(as === "distance");
  if (ms === undefined) return <span className="soft">–</span>;
  return (
    <time className="number" dateTime={new Date(ms).toISOString()} title={formatMoment(ms)}>
      {as === "time" ? formatTime(ms, nowMs) : formatDistance(ms, nowMs)}
    </time>
  );
}

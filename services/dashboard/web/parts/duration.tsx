import { formatDuration } from "../format/duration.ts";
import { useNow } from "./use-now.ts";

/** How long something took, or has taken up to now while it has no end. */
export function Duration({ fromMs, toMs }: { readonly fromMs: number | undefined; readonly toMs: number | undefined }) {
  const nowMs = useNow(fromMs !== undefined && toMs === undefined);
  if (fromMs === undefined) return <span className="soft">–</span>;
  return <span className="number">{formatDuration(Math.max(0, (toMs ?? nowMs) - fromMs))}</span>;
}

import { TokenStatus } from "@windlass/proto";
import { CircleCheck, CircleDashed, CirclePause, type LucideIcon, TimerOff } from "lucide-react";
import type { Tone } from "../../format/run-status.ts";
import { Badge } from "../../parts/badge.tsx";

const looks: Readonly<Record<TokenStatus, readonly [LucideIcon, Tone, string]>> = {
  [TokenStatus.UNSPECIFIED]: [CircleDashed, "calm", "Unknown"],
  [TokenStatus.PENDING]: [CirclePause, "wait", "Pending"],
  [TokenStatus.COMPLETED]: [CircleCheck, "good", "Completed"],
  [TokenStatus.TIMED_OUT]: [TimerOff, "bad", "Timed out"],
};

/** Where a token is in its life. */
export function TokenBadge({ status }: { readonly status: TokenStatus }) {
  const [icon, tone, word] = looks[status] ?? looks[TokenStatus.UNSPECIFIED];
  return (
    <Badge icon={icon} tone={tone}>
      {word}
    </Badge>
  );
}

import { CircleCheck } from "lucide-react";
import { Badge } from "../../parts/badge.tsx";

/** Marks the version that new runs take. */
export function CurrentBadge() {
  return (
    <Badge icon={CircleCheck} tone="good">
      Current
    </Badge>
  );
}

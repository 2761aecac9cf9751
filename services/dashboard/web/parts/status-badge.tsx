import type { RunStatus } from "@windlass/proto";
import { RunStatus as Status } from "@windlass/proto";
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleDotDashed,
  CirclePause,
  CircleX,
  Clock,
  Hourglass,
  ListEnd,
  LoaderCircle,
  type LucideIcon,
  PackageSearch,
  RotateCcw,
  ServerCrash,
  TimerOff,
  Zap,
} from "lucide-react";
import { statusLook } from "../format/run-status.ts";
import { Badge } from "./badge.tsx";

const icons: Readonly<Record<RunStatus, LucideIcon>> = {
  [Status.UNSPECIFIED]: CircleDashed,
  [Status.DELAYED]: Clock,
  [Status.PENDING_VERSION]: PackageSearch,
  [Status.QUEUED]: ListEnd,
  [Status.EXECUTING]: LoaderCircle,
  [Status.WAITING]: CirclePause,
  [Status.RETRYING]: RotateCcw,
  [Status.CANCELING]: CircleDotDashed,
  [Status.COMPLETED]: CircleCheck,
  [Status.FAILED]: CircleX,
  [Status.CRASHED]: Zap,
  [Status.SYSTEM_FAILURE]: ServerCrash,
  [Status.TIMED_OUT]: TimerOff,
  [Status.CANCELED]: Ban,
  [Status.EXPIRED]: Hourglass,
};

/** A run's status: an icon of its own and its word, so that it can be read without colour. */
export function StatusBadge({ status }: { readonly status: RunStatus }) {
  const { word, tone } = statusLook(status);
  return (
    <Badge icon={icons[status] ?? CircleDashed} tone={tone} isSpinning={status === Status.EXECUTING}>
      {word}
    </Badge>
  );
}

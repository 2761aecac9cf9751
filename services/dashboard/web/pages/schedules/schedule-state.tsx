import { type Schedule, ScheduleType } from "@windlass/proto";
import { CalendarCheck, CalendarOff } from "lucide-react";
import { Badge } from "../../parts/badge.tsx";

/** Whether a schedule ticks. */
export function ScheduleState({ schedule: { isActive } }: { readonly schedule: Schedule }) {
  return isActive ? (
    <Badge icon={CalendarCheck} tone="good">
      Active
    </Badge>
  ) : (
    <Badge icon={CalendarOff} tone="calm">
      Inactive
    </Badge>
  );
}

/** Where a schedule comes from, in a word. */
export function typeWord(type: ScheduleType): string {
  return type === ScheduleType.DECLARATIVE ? "Declared" : "Created";
}

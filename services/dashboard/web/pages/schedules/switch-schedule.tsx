import { type Schedule, ScheduleService } from "@windlass/proto";
import { Pause, Play } from "lucide-react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";

/** Lets a schedule tick, or stops it. */
export function SwitchSchedule({ schedule: { id, isActive } }: { readonly schedule: Schedule }) {
  const activate = useAction(ScheduleService.method.activateSchedule, {
    changes: [ScheduleService],
    done: () => "It ticks from now on",
  });
  const deactivate = useAction(ScheduleService.method.deactivateSchedule, {
    changes: [ScheduleService],
    done: () => "It does not tick any more",
  });
  const { run } = isActive ? deactivate : activate;
  return (
    <Button
      icon={isActive ? Pause : Play}
      disabled={activate.isRunning || deactivate.isRunning}
      onClick={() => void run({ scheduleId: id })}
    >
      {isActive ? "Deactivate" : "Activate"}
    </Button>
  );
}

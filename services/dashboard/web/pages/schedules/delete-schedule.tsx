import { useNavigate } from "@tanstack/react-router";
import { type Schedule, ScheduleService } from "@windlass/proto";
import { notify } from "../../app/notices.ts";
import { useAction } from "../../api/use-action.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";

/** Removes a created schedule, after asking; leaves its page first, which has nothing to show then. */
export function DeleteSchedule({ schedule, onClose }: { readonly schedule: Schedule; readonly onClose: () => void }) {
  const navigate = useNavigate();
  const remove = useAction(ScheduleService.method.deleteSchedule, { changes: [] });
  const confirm = async (): Promise<void> => {
    if ((await remove.run({ scheduleId: schedule.id })) === undefined) return;
    notify("good", "Schedule deleted");
    await navigate({ to: "/schedules", search: {} });
  };
  return (
    <ConfirmDialog
      title="Delete this schedule?"
      action="Delete schedule"
      isRunning={remove.isRunning}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>It does not tick any more. The runs that it has made stay.</p>
    </ConfirmDialog>
  );
}

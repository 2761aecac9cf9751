import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import type { PayloadProblem } from "../../schema/payload-problem.ts";
import { ProblemList } from "./payload-state.tsx";

/** Asks before a payload is sent that the task's schema does not allow. The cluster stores it; what becomes of it is the task's to say. */
export function RunAllTheSame(props: {
  readonly taskId: string;
  readonly problems: readonly PayloadProblem[];
  readonly isRunning: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}) {
  const { taskId, problems, ...dialog } = props;
  return (
    <ConfirmDialog
      {...dialog}
      title="Run it with this payload?"
      action="Run all the same"
      look="strong"
      keep="Back to the payload"
    >
      <p>
        It is not as the schema of {taskId} says. The run is made all the same: a task that checks its payload itself,
        as schemaTask does, fails at once with TASK_INPUT_ERROR.
      </p>
      <ProblemList problems={problems} />
    </ConfirmDialog>
  );
}

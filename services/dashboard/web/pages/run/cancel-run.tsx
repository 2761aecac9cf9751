import { RunService } from "@windlass/proto";
import { Ban } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { TextField } from "../../parts/field.tsx";

/** Cancels a run, after asking. */
export function CancelRun({ runId }: { readonly runId: string }) {
  const [isAsking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const cancel = useAction(RunService.method.cancelRun, { changes: [RunService] });
  return (
    <>
      <Button look="danger" icon={Ban} onClick={() => setAsking(true)}>
        Cancel
      </Button>
      {isAsking && (
        <ConfirmDialog
          title="Cancel this run?"
          action="Cancel run"
          isRunning={cancel.isRunning}
          onConfirm={() => void cancel.run({ runId, reason }).then((answer) => answer && setAsking(false))}
          onClose={() => setAsking(false)}
        >
          <p>Its task is told and has 30 s to end. Runs that it triggered are canceled too.</p>
          <TextField
            label="Reason"
            placeholder="Shown in the timeline; may be empty"
            maxLength={1_000}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </ConfirmDialog>
      )}
    </>
  );
}

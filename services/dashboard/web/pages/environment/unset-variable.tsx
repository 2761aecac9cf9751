import { EnvironmentService } from "@windlass/proto";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";

/** Removes a variable, after asking: its value cannot be brought back. */
export function UnsetVariable({ name }: { readonly name: string }) {
  const [isAsking, setAsking] = useState(false);
  const { isRunning, run } = useAction(EnvironmentService.method.deleteVariables, {
    changes: [EnvironmentService],
    done: () => `${name} is removed.`,
  });
  const title = `Remove ${name}`;
  return (
    <>
      <Button look="bare" icon={Trash2} aria-label={title} title={title} onClick={() => setAsking(true)} />
      {isAsking && (
        <ConfirmDialog
          title={`${title}?`}
          action="Remove variable"
          isRunning={isRunning}
          onConfirm={() => void run({ names: [name] }).then((answer) => answer && setAsking(false))}
          onClose={() => setAsking(false)}
        >
          <p>Workers that start from now on do not have it. Its value cannot be brought back.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

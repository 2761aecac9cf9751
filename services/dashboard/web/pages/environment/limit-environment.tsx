import { EnvironmentService } from "@windlass/proto";
import { Gauge, Undo2 } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { TextField } from "../../parts/field.tsx";

const MAX_LIMIT = 1_000_000;

/** Sets or removes the bound on how many runs of the environment execute at once. */
export function LimitEnvironment({ limit }: { readonly limit: number | undefined }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button look="bare" icon={Gauge} onClick={() => setOpen(true)}>
        Change limit
      </Button>
      {isOpen && <LimitDialog limit={limit} onClose={() => setOpen(false)} />}
    </>
  );
}

function LimitDialog({ limit, onClose }: { readonly limit: number | undefined; readonly onClose: () => void }) {
  const [text, setText] = useState(limit === undefined ? "" : String(limit));
  const { isRunning, run } = useAction(EnvironmentService.method.setConcurrencyLimit, {
    changes: [EnvironmentService],
    done: ({ environment }) =>
      environment?.concurrencyLimit === undefined ? "There is no limit any more." : "The limit is set.",
  });
  const chosen = Number(text);
  const isLimit = /^\d+$/u.test(text) && chosen <= MAX_LIMIT;
  const closeAfter = (answer: unknown): void => {
    if (answer !== undefined) onClose();
  };
  return (
    <ConfirmDialog
      title="Concurrency limit of the environment"
      action="Set limit"
      look="strong"
      isRunning={isRunning}
      isDisabled={!isLimit}
      onConfirm={() => void run({ concurrencyLimit: chosen }).then(closeAfter)}
      onClose={onClose}
    >
      <TextField
        label="Runs that execute at once"
        hint="Over all of its queues together; 0 holds everything back."
        inputMode="numeric"
        placeholder={`0 to ${MAX_LIMIT.toLocaleString("en")}`}
        value={text}
        onChange={(event) => setText(event.target.value.trim())}
      />
      {limit !== undefined && (
        <div>
          <Button icon={Undo2} disabled={isRunning} onClick={() => void run({}).then(closeAfter)}>
            Remove the limit
          </Button>
        </div>
      )}
    </ConfirmDialog>
  );
}

import { type Queue, QueueService } from "@windlass/proto";
import { Gauge, Undo2 } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import { limitText } from "../../format/queue-text.ts";

const MAX_LIMIT = 100_000;

/** Sets how many runs of a queue execute at once, whatever its tasks declare; or lets what they declare hold again. */
export function LimitQueue({ queue }: { readonly queue: Queue }) {
  const [isOpen, setOpen] = useState(false);
  const title = `Concurrency limit of ${queue.name}`;
  return (
    <>
      <Button look="bare" icon={Gauge} aria-label={title} title={title} onClick={() => setOpen(true)} />
      {isOpen && <LimitDialog queue={queue} onClose={() => setOpen(false)} />}
    </>
  );
}

function LimitDialog({ queue, onClose }: { readonly queue: Queue; readonly onClose: () => void }) {
  const { name, concurrencyLimit, declaredConcurrencyLimit, isOverridden } = queue;
  const [text, setText] = useState(concurrencyLimit === undefined ? "" : String(concurrencyLimit));
  const changes = [QueueService];
  const override = useAction(QueueService.method.overrideConcurrencyLimit, {
    changes,
    done: () => `The limit of ${name} is set.`,
  });
  const reset = useAction(QueueService.method.resetConcurrencyLimit, {
    changes,
    done: () => `What the tasks declare holds for ${name} again.`,
  });
  const limit = Number(text);
  const isLimit = /^\d+$/u.test(text) && limit <= MAX_LIMIT;
  const closeAfter = (answer: unknown): void => {
    if (answer !== undefined) onClose();
  };
  return (
    <ConfirmDialog
      title={`Concurrency limit of ${name}`}
      action="Set limit"
      look="strong"
      isRunning={override.isRunning || reset.isRunning}
      isDisabled={!isLimit}
      onConfirm={() => void override.run({ name, concurrencyLimit: limit }).then(closeAfter)}
      onClose={onClose}
    >
      <p>
        Its tasks declare: {limitText(declaredConcurrencyLimit)}. A limit set here holds instead, across deployments,
        until it is reset.
      </p>
      <TextField
        label="Runs that execute at once"
        hint="For each concurrency key by itself; 0 holds everything back."
        inputMode="numeric"
        placeholder={`0 to ${MAX_LIMIT.toLocaleString("en")}`}
        value={text}
        onChange={(event) => setText(event.target.value.trim())}
      />
      {isOverridden && (
        <div>
          <Button icon={Undo2} disabled={reset.isRunning} onClick={() => void reset.run({ name }).then(closeAfter)}>
            Reset to what is declared ({limitText(declaredConcurrencyLimit)})
          </Button>
        </div>
      )}
    </ConfirmDialog>
  );
}

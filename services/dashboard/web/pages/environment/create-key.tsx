import { EnvironmentService } from "@windlass/proto";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { TextField } from "../../parts/field.tsx";
import { NewKeyDialog } from "./new-key-dialog.tsx";

/** Makes another key, and shows it this once. */
export function CreateKey() {
  const [step, setStep] = useState<"closed" | "asking" | "shown">("closed");
  const [name, setName] = useState("");
  const [secret, setSecret] = useState("");
  const { isRunning, run } = useAction(EnvironmentService.method.createApiKey, { changes: [EnvironmentService] });
  const create = async (): Promise<void> => {
    const answer = await run({ name: name.trim() });
    if (answer === undefined) return;
    setSecret(answer.secret);
    setStep("shown");
  };
  const close = (): void => {
    setStep("closed");
    setSecret("");
    setName("");
  };
  return (
    <>
      <Button icon={Plus} onClick={() => setStep("asking")}>
        Create key
      </Button>
      {step === "asking" && (
        <ConfirmDialog
          title="Create an API key"
          action="Create"
          look="strong"
          isRunning={isRunning}
          isDisabled={name.trim() === ""}
          onConfirm={() => void create()}
          onClose={() => setStep((shown) => (shown === "asking" ? "closed" : shown))}
        >
          <TextField
            label="Name"
            hint="For whom or what it is; it tells keys apart."
            placeholder="ci"
            maxLength={128}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </ConfirmDialog>
      )}
      {step === "shown" && <NewKeyDialog secret={secret} onClose={close} />}
    </>
  );
}
